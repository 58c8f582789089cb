import { spawn } from 'node:child_process';
import { access, constants, stat } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { delimiter, join } from 'node:path';
import { type SandboxKind, type SandboxTools, sandboxCommand } from './sandbox-command.ts';

/** What this machine can keep handlers in with. */
export type Sandbox = {
  readonly kind: SandboxKind;
  /** Whether a handler could still reach the network. */
  readonly network: boolean;
  readonly tools: SandboxTools;
  /** For the owner: what was tried, what fails and what stays open, in sentences. */
  readonly notes: readonly string[];
};

const probeTimeoutMs = 5000;

/**
 * Finds the strongest sandbox that really works here, by running a program in it that tries to
 * connect to a listener on this machine and to read a file. Takes about 0.1 s; never throws.
 * @param searchPath - folders to look for tools in, as in `PATH`
 */
export async function detectSandbox(
  searchPath: string = process.env['PATH'] ?? '',
): Promise<Sandbox> {
  const tools = await findTools(searchPath);
  const notes: string[] = [];
  for (const [kind, tool] of [
    ['bubblewrap', tools.bwrap],
    ['unshare', tools.unshare],
  ] as const) {
    const fault =
      tool === undefined ? 'it is not installed' : await probe(kind, tools).catch(String);
    if (fault === undefined) return { kind, network: false, tools, notes };
    notes.push(`${kind} does not keep handlers in: ${fault}.`);
  }
  notes.push(
    "Only Node's permission model keeps handlers in: no files, child processes or addons, but the network stays open.",
  );
  return { kind: 'node-only', network: true, tools, notes };
}

let here: Promise<Sandbox> | undefined;

/** `detectSandbox` of this machine, found once: it stays what it is while a process runs. */
export function sandboxHere(): Promise<Sandbox> {
  here ??= detectSandbox();
  return here;
}

async function findTools(searchPath: string): Promise<SandboxTools> {
  const [bwrap, unshare, setpriv] = await Promise.all(
    ['bwrap', 'unshare', 'setpriv'].map((name) => findTool(name, searchPath)),
  );
  return { bwrap, unshare: setpriv === undefined ? undefined : unshare, setpriv };
}

async function findTool(name: string, searchPath: string): Promise<string | undefined> {
  for (const folder of searchPath.split(delimiter)) {
    if (!folder.startsWith('/')) continue;
    const file = join(folder, name);
    const usable = await access(file, constants.X_OK).then(
      async () => (await stat(file)).isFile(),
      () => false,
    );
    if (usable) return file;
  }
  return undefined;
}

const probeProgram = `
const { readFileSync } = require('node:fs');
const seen = [];
try { readFileSync('/etc/passwd'); seen.push('files'); } catch {}
const done = () => { console.log('seen:' + seen.join()); process.exit(0); };
require('node:net').connect(Number(process.argv[1]), '127.0.0.1')
  .on('connect', () => { seen.push('network'); done(); }).on('error', done);
`;

/** Why a sandbox of this kind does not hold here; `undefined` when it does. */
async function probe(kind: SandboxKind, tools: SandboxTools): Promise<string | undefined> {
  const listener = await listen();
  try {
    const address = listener.address();
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    const command = sandboxCommand(kind, tools, {
      command: [process.execPath, '-e', probeProgram, String(port)],
      folder: '/',
      readable: [],
      memoryMiB: 32,
    });
    const said = await outputOf(command.file, command.args);
    const seen = /^seen:(.*)$/m.exec(said);
    if (seen === null) return said.trim().split('\n')[0] || 'nothing runs in it';
    return seen[1] === '' ? undefined : `a program in it reaches ${seen[1]}`;
  } finally {
    listener.close();
  }
}

function listen(): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', reject).listen(0, '127.0.0.1', () => resolve(server));
  });
}

function outputOf(file: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      env: {},
      cwd: '/',
      timeout: probeTimeoutMs,
      killSignal: 'SIGKILL',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    const add = (text: string): void => {
      said = (said + text).slice(0, 2000);
    };
    child.stdout.setEncoding('utf8').on('data', add);
    child.stderr.setEncoding('utf8').on('data', add);
    child.once('error', reject).once('close', () => resolve(said));
  });
}
