import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { pasteable } from './hint.ts';

const program = process.argv[1] ?? '';

beforeEach(() => {
  vi.stubEnv('CAMBIUM_DATA', undefined);
  process.argv[1] = join(process.cwd(), 'dist/cli/main.js');
});
afterEach(() => {
  vi.unstubAllEnvs();
  process.argv[1] = program;
});

describe('a command line to paste', () => {
  it('names the script of the checkout, from where one stands', () => {
    expect(pasteable('init')).toBe('./cambium init');
    process.argv[1] = '/elsewhere/dist/cli/main.js';
    expect(pasteable('init')).toBe('/elsewhere/cambium init');
  });

  it('names an installed program by its name', () => {
    process.argv[1] = '/usr/local/bin/cambium';
    expect(pasteable('init')).toBe('cambium init');
  });

  it('leaves out the default data directory, and names any other', () => {
    expect(pasteable('run', join(process.cwd(), '.cambium'))).toBe('./cambium run');
    expect(pasteable('run', 'vaults/ada')).toBe('./cambium run --data vaults/ada');
    expect(pasteable('run', '/srv/ada')).toBe('./cambium run --data /srv/ada');
    vi.stubEnv('CAMBIUM_DATA', '/srv/ada');
    expect(pasteable('run', '/srv/ada')).toBe('./cambium run');
  });

  it('quotes what a shell would take apart', () => {
    expect(pasteable('run', "/srv/ada's vault")).toBe(
      "./cambium run --data '/srv/ada'\\''s vault'",
    );
  });
});
