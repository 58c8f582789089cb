import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { findNatsServer } from '../core/bus/nats-binary.ts';
import { sealerFolder } from '../core/enclave/sealer.ts';
import { detectSandbox } from '../core/host/sandbox.ts';
import type { CommandContext, ExitCode } from './command.ts';
import { dataDir, readCard } from './data-dir.ts';
import { runningLedger, runningVine } from './notes.ts';

/** One thing that was looked at: `bad` means that a vault cannot run here. */
type Finding = {
  readonly what: string;
  readonly state: 'good' | 'note' | 'bad';
  readonly detail: string;
};

const marks = { good: 'ok  ', note: 'note', bad: 'BAD ' } as const;

/** `cambium doctor`: says what this machine has of what a vault needs, and what it found where. */
export async function doctorCommand(context: CommandContext): Promise<ExitCode> {
  const findings = [
    nodeFinding(),
    await serverFinding(context),
    await toolFinding('flock', 'holds the lock on a data directory'),
    await toolFinding('setpriv', 'ends the servers when cambium is killed'),
    ...(await sandboxFindings()),
    ...(await dataFindings(context)),
  ];
  if (context.json) context.print(JSON.stringify(findings));
  else
    context.print(
      findings
        .map(({ what, state, detail }) => `${marks[state]}  ${what.padEnd(14)} ${detail}`)
        .join('\n'),
    );
  return findings.some(({ state }) => state === 'bad') ? 1 : 0;
}

function nodeFinding(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const enough = major > 20 || (major === 20 && minor >= 19);
  const detail = `${process.version} on ${process.platform} ${process.arch}`;
  return enough
    ? { what: 'Node', state: 'good', detail }
    : { what: 'Node', state: 'bad', detail: `${detail}: 20.19 or newer is needed` };
}

async function serverFinding(context: CommandContext): Promise<Finding> {
  try {
    const found = await findNatsServer({ onProgress: context.progress });
    const detail = `${found.version} at ${found.path} (${found.source})`;
    const [warning] = found.warnings;
    return warning === undefined
      ? { what: 'nats-server', state: 'good', detail }
      : { what: 'nats-server', state: 'note', detail: `${detail}; ${warning}` };
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return { what: 'nats-server', state: 'bad', detail };
  }
}

async function toolFinding(name: string, why: string): Promise<Finding> {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, name);
    const found = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return { what: name, state: 'good', detail: path };
  }
  return { what: name, state: 'bad', detail: `not on the PATH; it ${why} (package util-linux)` };
}

async function sandboxFindings(): Promise<Finding[]> {
  const sandbox = await detectSandbox();
  const cut = sandbox.network ? 'handlers could reach the network' : 'handlers have no network';
  const detail = `${sandbox.kind}: ${cut}`;
  return [
    { what: 'sandbox', state: sandbox.network ? 'bad' : 'good', detail },
    ...sandbox.notes.map((note): Finding => ({ what: 'sandbox', state: 'note', detail: note })),
  ];
}

async function dataFindings(context: CommandContext): Promise<Finding[]> {
  const data = dataDir(context.data);
  const card = await readCard(data).catch((error: Error) => error);
  if (card instanceof Error) return [{ what: 'data', state: 'note', detail: card.message }];
  const ledger = await runningLedger(data);
  const vine = await runningVine(data);
  const running = ledger === undefined ? 'not running' : `running (ledger server ${ledger.pid})`;
  return [
    { what: 'data', state: 'good', detail: `vault ${card.vault} in ${data.path}, ${running}` },
    { what: 'messaging', state: 'note', detail: vine === undefined ? 'not running' : vine.url },
    { what: 'sealer', state: 'note', detail: sealerFolder() },
  ];
}
