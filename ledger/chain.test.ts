import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { concat, toHex, u64, utf8 } from '../wire/bytes.ts';
import { sha256, signerFrom, verifySignature } from '../wire/crypto.ts';
import { firstHead, leafOf, ledgerIdOf, nextHead } from './chain.ts';
import { emptyChain } from './chain-end.ts';
import { verifyCommit } from './commit.ts';
import { encodeCommit } from './commit-format.ts';
import { openRecord, type Place, parseRecord, sealRecord } from './record.ts';
import { fixedBytes, genesis, keys, startTime, stored, vaultScope } from './testing/fixtures.ts';

// The formats as they were released. If one of these changes, ledgers of before cannot be read.
const seed = new Uint8Array(32).fill(1);
const key = keys(vaultScope) ?? new Uint8Array(32);
const signer = signerFrom(seed);
const ledgerId = ledgerIdOf(signer.publicKey);

function sealAt(index: number, draft = stored('Ada'), previous: Uint8Array | null = null) {
  const place: Place = {
    ledgerId,
    index,
    time: startTime + index,
    scopeIndex: index,
    scopePrevious: previous,
  };
  return sealRecord(draft, place, key, new Uint8Array(24).fill(7 + index)).bytes;
}

const first = sealAt(0, genesis);
const second = sealAt(1, { ...stored('Ada'), cause: 0 }, leafOf(first));
const head = nextHead(nextHead(firstHead(ledgerId), leafOf(first)), leafOf(second));
const identity = { id: ledgerId, publicKey: signer.publicKey };
const before = emptyChain(identity);
const records = [first, second];
const commit = encodeCommit({ signer, ledgerId, before, records, head });

describe('the bytes of the ledger do not change:', () => {
  it('ledger id and first head', () => {
    expect(toHex(ledgerId)).toMatchInlineSnapshot(`"8365913658d087db5803df9a4dc6f53e"`);
    expect(toHex(firstHead(ledgerId))).toMatchInlineSnapshot(
      `"6c4089d35b032500968a9ea89ee937bbb23c877ca53b639e06b7c22154cf2fb6"`,
    );
  });

  it('a record, which opens to what it says', () => {
    expect(toHex(second)).toMatchInlineSnapshot(
      `"92c45a960114d3000001a3185c5001c410a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0c418080808080808080808080808080808080808080808080808c420a1782bb0624c768895d5aac69fc56f8818de1823d3745adf59c10a4824a19da2c49075c36b924308a391e1e1b63b4ce9bf87e8fcad6d3cbf66a50dd957dd33f4b1d6beb510756c217bdcc843d93a1b18cfd9f87ccfc894e8df4b265162e2acd656b55e478d519b1a06fce16b20717a80f7cddd18e7df9d24625c258e0b1520c8755253191ea53e9aff7ca26d4021c8000f2a742964d53c68bf62b6f3910149b2479f839315c012f865852980565c22ad90ff"`,
    );
    expect(openRecord(parseRecord(second, 1), ledgerId, 1, key)).toEqual({
      scopeIndex: 1,
      scopePrevious: leafOf(first),
      cause: 0,
      body: { field: 'personal/name', value: 'Ada' },
    });
  });

  it('leaf, head and the whole commit', () => {
    expect(toHex(leafOf(second))).toMatchInlineSnapshot(
      `"dfc1b4f7a99a8168f87ab4e17c3c118ed1b7b3ea025a24ca5942a48971311c7c"`,
    );
    expect(toHex(head)).toMatchInlineSnapshot(
      `"efd61af59910312c9bb0921fd0a16242273ee1a63ed54a94f5563fcbd5bd0374"`,
    );
    expect(toHex(sha256(commit))).toMatchInlineSnapshot(
      `"c99d76098bd7c091ebf6c8f62183f104214e238b9ebef0e48443809231f9899b"`,
    );
    expect(verifyCommit(commit, identity, before).end).toMatchObject({
      size: 2,
      head,
      time: startTime + 1,
    });
  });
});

describe('the specification', () => {
  it('shows this very commit', () => {
    const text = readFileSync(new URL('../docs/spec/ledger.md', import.meta.url), 'utf8');
    const shown = text.match(/^[0-9a-f]{100}\n(?:[0-9a-f]+\n)+/m)?.[0] ?? '';
    expect(shown.replaceAll('\n', '')).toBe(toHex(commit));
    for (const value of [ledgerId, firstHead(ledgerId), key, leafOf(first), leafOf(second), head])
      expect(text).toContain(toHex(value));
  });
});

describe('the chain, written out as the specification has it:', () => {
  const leaf = fixedBytes('leaf');
  const before = fixedBytes('head');

  it('id, first head, leaf and next head', () => {
    expect(ledgerIdOf(signer.publicKey)).toEqual(
      sha256(concat(utf8('cambium/ledger/id/v1\0'), signer.publicKey)).slice(0, 16),
    );
    const domain = utf8('cambium/ledger/head/v1\0');
    expect(firstHead(ledgerId)).toEqual(sha256(concat(domain, ledgerId)));
    expect(nextHead(before, leaf)).toEqual(sha256(concat(domain, before, leaf)));
    const odd = before.subarray(1);
    expect(nextHead(odd, leaf)).toEqual(sha256(concat(domain, odd, leaf)));
    expect(leafOf(first)).toEqual(sha256(concat(Uint8Array.of(0), first)));
  });

  it('the signature of a commit, which ends it', () => {
    const signed = concat(ledgerId, u64(0), u64(2), firstHead(ledgerId), head);
    const signature = commit.slice(-64);
    const domain = 'cambium/ledger/commit/v1';
    expect(verifySignature(signer.publicKey, domain, signed, signature)).toBe(true);
  });
});
