/*
 * A shop that asks for an address: a whole service.
 *
 *   npm run --silent build && node examples/shop.mjs INVITE-FILE
 *
 * It keeps its keys in ./shop-data. Run it again, with an invite of another vault or with none: it asks every
 * vault that it is connected to, over one connection for all vaults of a vine.
 */
import { readFile } from 'node:fs/promises';
import { openService } from 'cambium/service';

const [inviteFile, store = 'shop-data'] = process.argv.slice(2);
const terms = new URL('retailer.contract.json', import.meta.url);
const contract = JSON.parse(await readFile(terms, 'utf8'));

const shop = await openService({ store });

if (inviteFile !== undefined && inviteFile !== '-') {
  const invite = await readFile(inviteFile, 'utf8');
  const result = await shop.connect(invite, contract, {
    onPending: () => console.error('the owner is asked'),
  });
  console.error(`connecting: ${result.status}`);
}

for (const vault of shop.vaults.values()) {
  const answer = await vault.request('data.request', { fields: ['personal/shipping_address'] });
  switch (answer.status) {
    case 'served':
      console.log(JSON.stringify({ vault: vault.id, ...answer.result }));
      break;
    case 'refused':
      console.log(JSON.stringify({ vault: vault.id, refused: answer.code }));
      break;
    default:
      console.log(JSON.stringify({ vault: vault.id, waits: true }));
  }
}

await shop.close();
