import { type AllowedForCall, openSession } from './call-session.ts';
import { HandlerError } from './handler-error.ts';
import type { HandlerCall, HandlerOutcome, HandlerServices } from './handler-port.ts';
import { HandlerProcess } from './handler-process.ts';
import type { LoadedHandler } from './manifest-loader.ts';
import type { Sandbox } from './sandbox.ts';

/** How handlers are kept in and heard. */
export type HostOptions = {
  readonly sandbox: Sandbox;
  /**
   * Starts handlers although they could reach the network; by default only where the environment
   * says `CAMBIUM_WEAK_SANDBOX=1`.
   */
  readonly allowWeakSandbox?: boolean;
  /** One line of a handler's log: its own words, never to be trusted. */
  onLog(handler: string, line: string): void;
};

/** The handler processes of a vault. */
export type HandlerHost = {
  /**
   * Runs one call in its handler's process and waits for its end. Never throws: a crash, a breach
   * of protocol and a timeout are outcomes. Calls run side by side.
   * @param call - its `call` is unique among those that run
   * @param allowed - the fields that this call may read, whatever the manifest permits besides
   */
  run(
    handler: LoadedHandler,
    call: HandlerCall,
    services: HandlerServices,
    allowed: AllowedForCall,
  ): Promise<HandlerOutcome>;
  /**
   * Starts every process, so that the first call does not wait for it (about 0.1 s).
   * @throws HandlerError START_FAILED
   */
  warm(): Promise<void>;
  /** Ends every process. Calls that run end as `failed`. */
  stop(): Promise<void>;
};

/**
 * A host for these handlers. Nothing is started yet.
 * @throws HandlerError SANDBOX_WEAK when the network cannot be cut off and nobody allowed that
 */
export function createHandlerHost(
  handlers: readonly LoadedHandler[],
  options: HostOptions,
): HandlerHost {
  refuseWeak(options);
  const processes = new Map<string, HandlerProcess>();
  for (const handler of handlers) {
    const { name } = handler.manifest;
    const onLog = (line: string): void => options.onLog(name, line);
    processes.set(handler.digest, new HandlerProcess(handler, { sandbox: options.sandbox, onLog }));
  }

  return {
    async run(handler, call, services, allowed) {
      const session = openSession(handler, call, services, allowed);
      const found = processes.get(handler.digest);
      if (found === undefined) session.fail('failed', 'this handler is not one of the host');
      else await found.run(session);
      return session.outcome;
    },
    async warm() {
      await Promise.all([...processes.values()].map((one) => one.warm()));
    },
    async stop() {
      await Promise.all([...processes.values()].map((one) => one.stop()));
    },
  };
}

function refuseWeak({ sandbox, allowWeakSandbox }: HostOptions): void {
  const allowed = allowWeakSandbox ?? process.env['CAMBIUM_WEAK_SANDBOX'] === '1';
  if (!sandbox.network || allowed) return;
  const tried = sandbox.notes.join('\n  ');
  throw new HandlerError(
    'SANDBOX_WEAK',
    `This machine cannot keep handlers off the network:\n  ${tried}\nInstall bubblewrap, or set CAMBIUM_WEAK_SANDBOX=1 to run them all the same.`,
  );
}
