import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { detectSandbox } from './sandbox.ts';
import { sandboxCommand } from './sandbox-command.ts';

const run = promisify(execFile);

describe('a program that is not Node', () => {
  it('sees the system, its own folder and nothing else', async (test) => {
    const sandbox = await detectSandbox();
    test.skip(sandbox.kind === 'node-only', sandbox.notes.join(' '));
    const folder = import.meta.dirname;
    const { file, args, cwd } = sandboxCommand(sandbox.kind, sandbox.tools, {
      command: ['/bin/sh', '-c', 'pwd; ls /etc /home /proc /tmp; touch here /tmp/x; id -u; ls'],
      folder,
      readable: [folder],
      memoryMiB: 16,
    });
    const { stdout, stderr } = await run(file, args, { cwd, env: {} });
    expect(stdout.split('\n')[0]).toBe(folder);
    expect(stdout).toContain('sandbox.test.ts');
    expect(stdout).not.toContain('passwd');
    expect(stderr).toMatch(/cannot access '\/proc'/);
    expect(stderr).toMatch(/cannot touch 'here': Read-only file system/);
  });
});

describe('without any tool', () => {
  it("only Node's own permissions are left, and the notes say so", async () => {
    const { kind, network, notes } = await detectSandbox('/nowhere');
    expect({ kind, network }).toEqual({ kind: 'node-only', network: true });
    expect(notes).toHaveLength(3);
  });
});
