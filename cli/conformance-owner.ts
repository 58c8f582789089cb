import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline/promises';
import type { Deed, OwnerHands } from '../service/conformance/owner-hands.ts';

const deedMs = 120_000;
/** Exit codes of an owner command: 0 done, 1 refused, 2 it has no such word. */
const results: Readonly<Record<number, Deed['result']>> = { 0: 'done', 1: 'refused', 2: 'cannot' };

/**
 * An owner who is a command: `sh -c 'COMMAND "$@"'` with the words behind it, for example `cambium owner`
 * with `approve`, `ID`.
 */
export function commandOwner(command: string): OwnerHands {
  return {
    do: (words) =>
      new Promise((resolve, reject) => {
        const child = spawn('/bin/sh', ['-c', `${command} "$@"`, 'sh', ...words], {
          stdio: ['ignore', 'pipe', 'pipe'],
          timeout: deedMs,
        });
        let said = '';
        let complained = '';
        child.stdout.setEncoding('utf8').on('data', (text: string) => {
          said += text;
        });
        child.stderr.setEncoding('utf8').on('data', (text: string) => {
          complained += text;
        });
        child.once('error', reject);
        child.once('close', (code) => {
          const result = results[code ?? 1] ?? 'refused';
          resolve({ result, text: (result === 'done' ? said : complained).trim() });
        });
      }),
  };
}

/** How a person is to approve something. */
const how: Readonly<Record<string, (value: string) => string>> = {
  '--optional': (names) => `, and of the optional fields give only ${names}`,
  '--fields': (names) => `, but only ${names} of what it asks for`,
  '--remember': (time) => `, and have that yes remembered for ${time}`,
};

/** What the person at the terminal is asked to do. */
const requests: Readonly<Record<string, (words: readonly string[]) => string>> = {
  set: ([, field, value]) => `store "${value}" in the field ${field}`,
  invite: () => 'make another invite, and paste it here',
  approve: ([, id, flag = '', value = '']) => `approve ${id}${how[flag]?.(value) ?? ''}`,
  deny: ([, id]) => `deny ${id}`,
  sever: ([, id]) => `sever the connection ${id}`,
  rotate: ([, key]) =>
    key === 'signing' ? 'replace the key that signs' : 'replace the key that is sealed to',
  servers: ([, ...addresses]) =>
    addresses[0] === '--default'
      ? 'let the vault be reached where it is without your word'
      : `let the vault be reached at ${addresses.join(' ')}`,
  profile: ([, , name]) => `let the vault be called "${name}"`,
  stop: () => 'close the vault, and leave its messaging layer running',
  start: () => 'open the vault again',
};

/** An owner who is a person: told what to do, and asked how it went. */
export function promptedOwner(progress: (line: string) => void): OwnerHands {
  return {
    do: async (words) => {
      const [verb = ''] = words;
      progress(`\nAs the owner of that vault: ${requests[verb]?.(words) ?? words.join(' ')}.`);
      const asked =
        verb === 'invite'
          ? 'Invite (empty if you cannot): '
          : 'Enter when it is done, "no" if the vault refuses, "skip" if you cannot: ';
      const lines = createInterface({ input: process.stdin, output: process.stderr });
      const text = (await lines.question(asked).finally(() => lines.close())).trim();
      if (verb === 'invite') return { result: text === '' ? 'cannot' : 'done', text };
      if (text === 'skip') return { result: 'cannot', text };
      return { result: text === 'no' ? 'refused' : 'done', text };
    },
  };
}
