import { expect, it } from 'vitest';
import { attestDocument, attestIdentity, attestPresence } from './attest.ts';

const call = (payload: unknown) => ({
  call: '1',
  type: 'signature.request',
  event: { id: 'event-1', time: 1_760_000_000_000, payload },
  vault: 'vault-1',
  connection: 'connection-1',
  party: 'party-1',
});

function signer() {
  const said: [string, unknown][] = [];
  return {
    said,
    read: async (field: string) => (field === 'personal/name' ? 'Ada' : undefined),
    sign: async (purpose: string, bytes: Uint8Array) => {
      said.push([purpose, new TextDecoder().decode(bytes)]);
      return { signature: new Uint8Array(64), key: new Uint8Array(32) };
    },
  };
}

it('signs each statement for its own purpose, for this party and this event', async () => {
  const host = signer();
  await attestPresence(call({ challenge: 'abc' }), host);
  await attestDocument(call({ title: 'Lease', sha256: 'ff' }), host);
  await attestIdentity(call({ fields: ['personal/name'], challenge: 'abc' }), host);
  const whose = '"party":"party-1"';
  expect(host.said).toEqual([
    [
      'authentication',
      `{"challenge":"abc","event":"event-1",${whose},"time":1760000000000,"vault":"vault-1"}`,
    ],
    [
      'signature',
      `{"event":"event-1",${whose},"sha256":"ff","time":1760000000000,"title":"Lease","vault":"vault-1"}`,
    ],
    [
      'identity',
      `{"challenge":"abc","event":"event-1","facts":{"personal/name":"Ada"},${whose},"time":1760000000000,"vault":"vault-1"}`,
    ],
  ]);
});

it('proves nothing where one of the facts is missing', async () => {
  const host = signer();
  const payload = { fields: ['personal/name', 'personal/passport'], challenge: 'abc' };
  await expect(attestIdentity(call(payload), host)).rejects.toThrow('not given');
  expect(host.said).toEqual([]);
});
