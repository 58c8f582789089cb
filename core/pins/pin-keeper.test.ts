import { describe, expect, it } from 'vitest';
import { LedgerError } from '../../ledger/errors.ts';
import type { Pin } from './pin.ts';
import { PinKeeper } from './pin-keeper.ts';

type Fault = 'lost' | 'kept all the same' | 'taken by another';

/** A pin in memory that goes wrong where it is told to. */
class ShakyPin implements Pin {
  readonly name = 'a shaky pin';
  readonly behindMs = 10;
  readonly faults: Fault[] = [];
  note: string | undefined = 'note 1';
  moves = 0;

  async read(): Promise<string | undefined> {
    return this.note;
  }

  async replace(expected: string | undefined, next: string): Promise<void> {
    this.moves += 1;
    const fault = this.faults.shift();
    if (fault === 'taken by another') this.note = 'somebody else was here';
    if (this.note !== expected) throw new LedgerError('PIN_CONFLICT', 'another one is kept');
    if (fault !== 'lost') this.note = next;
    if (fault !== undefined) throw new Error('the disk is full');
  }
}

function keeper(pin: Pin) {
  const ledger = { size: 2 };
  const conflicts: LedgerError[] = [];
  const keeping = new PinKeeper(
    {
      pins: [pin],
      durable: () => ({ note: `note ${ledger.size}`, size: ledger.size }),
      continues: async (note) => note.startsWith('note '),
      log: () => {},
      onConflict: (error) => conflicts.push(error),
    },
    new Map([[pin, 'note 1']]),
  );
  return { ledger, conflicts, keeping };
}

describe('keeping pins up with a ledger', () => {
  it('moves a pin once for many who wait for the same', async () => {
    const pin = new ShakyPin();
    const { keeping } = keeper(pin);
    await Promise.all(Array.from({ length: 50 }, () => keeping.cover()));
    expect([pin.note, pin.moves]).toEqual(['note 2', 1]);
    await keeping.cover();
    expect(pin.moves).toBe(1);
  });

  it('covers what became durable while a pin was moving', async () => {
    const pin = new ShakyPin();
    const { keeping, ledger } = keeper(pin);
    const first = keeping.cover();
    ledger.size = 5;
    await Promise.all([first, keeping.cover()]);
    expect(pin.note).toBe('note 5');
  });

  it.each<[string, Fault]>([
    ['was not made', 'lost'],
    ['was made, though it failed', 'kept all the same'],
  ])('tries a move again that %s', async (_, fault) => {
    const pin = new ShakyPin();
    pin.faults.push(fault, fault);
    const { keeping, conflicts, ledger } = keeper(pin);
    const covered = keeping.cover();
    ledger.size = 3;
    await covered;
    expect(pin.note).toBe('note 3');
    expect(conflicts).toEqual([]);
  });

  it('says so and stops when somebody else has moved the pin, and nothing is covered', async () => {
    const pin = new ShakyPin();
    pin.faults.push('taken by another');
    const { keeping, conflicts } = keeper(pin);
    const covered = keeping.cover().then(() => 'covered');
    const late = new Promise((resolve) => setTimeout(resolve, 100, 'not covered'));
    expect(await Promise.race([covered, late])).toBe('not covered');
    expect(conflicts).toMatchObject([{ code: 'PIN_CONFLICT' }]);
    expect(pin.note).toBe('somebody else was here');
  });

  it('goes on from what the writer before has left, where its own ledger continues that', async () => {
    const pin = new ShakyPin();
    const { keeping, conflicts } = keeper(pin);
    pin.note = 'note 1, moved once more';
    await keeping.cover();
    expect([pin.note, conflicts]).toEqual(['note 2', []]);
  });

  it('covers everything where there is no pin', async () => {
    const parts = { pins: [], durable: () => ({ note: '', size: 9 }), log: () => {} };
    const continues = async () => false;
    await new PinKeeper({ ...parts, continues, onConflict: () => {} }, new Map()).cover();
  });
});
