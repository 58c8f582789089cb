import { type AnswerMembers, type AskFrame, encodeFrame } from './frames.ts';
import type {
  Effect,
  HandlerAccess,
  HandlerCall,
  HandlerOutcome,
  HandlerServices,
} from './handler-port.ts';
import type { LoadedHandler } from './manifest-loader.ts';
import { mayRead, mayReadEntries, maySign } from './permissions.ts';
import { resultFault } from './result-check.ts';

/** What one call may see besides what the manifest permits. */
export type AllowedForCall = {
  readonly fields: ReadonlySet<string>;
  /** Category of entries, where the call is about one. */
  readonly category?: string;
};

/** One call from its start to its outcome. */
export type CallSession = {
  readonly call: HandlerCall;
  /**
   * The frame that answers one ask of the handler, permitted or not; the ask is kept as an access.
   * @throws RangeError when the call asks too often
   */
  answer(ask: AskFrame): Promise<Uint8Array>;
  /** The handler's own end of the call. What does not fit the manifest makes it `failed`. */
  result(result: unknown, effects: unknown): void;
  /** Ends the call from outside, or by the handler's `error`. Only the first end counts. */
  fail(code: 'failed' | 'timeout', detail: string): void;
  readonly outcome: Promise<HandlerOutcome>;
};

/** Asks that one call may make. */
const asksMax = 256;

/** Opens a session; its duration counts from here. */
export function openSession(
  handler: LoadedHandler,
  call: HandlerCall,
  services: HandlerServices,
  allowed: AllowedForCall,
): CallSession {
  const { permissions } = handler.manifest;
  const startedMs = performance.now();
  const accesses: HandlerAccess[] = [];
  const { promise: outcome, resolve } = withResolver<HandlerOutcome>();
  let fault: string | undefined;

  function end(part: Pick<HandlerOutcome, 'code' | 'result' | 'detail'>, effects: Effect[]): void {
    resolve({ ...part, effects, accesses, durationMs: performance.now() - startedMs });
  }

  function fail(code: 'failed' | 'timeout', detail: string): void {
    end({ code, detail }, []);
  }

  async function serve(ask: AskFrame): Promise<AnswerMembers> {
    if (ask.what === 'read') {
      const permitted = mayRead(permissions, ask.field) && allowed.fields.has(ask.field);
      accesses.push({ what: 'read', name: ask.field, permitted });
      return { value: permitted ? await services.read(ask.field) : undefined };
    }
    if (ask.what === 'entry' || ask.what === 'entries') return serveEntries(ask);
    const permitted = maySign(permissions, ask.purpose);
    accesses.push({ what: 'sign', name: ask.purpose, permitted });
    if (!permitted) return { error: 'this purpose is not permitted' };
    const { signature, key } = await services.sign(ask.purpose, ask.bytes);
    return { signature, key };
  }

  async function serveEntries(
    ask: Extract<AskFrame, { readonly what: 'entry' | 'entries' }>,
  ): Promise<AnswerMembers> {
    const { what, category } = ask;
    const permitted = mayReadEntries(permissions) && category === allowed.category;
    const name = what === 'entry' ? `${category}/${ask.key}` : category;
    accesses.push({ what, name, permitted });
    if (what === 'entries')
      return { keys: permitted ? await services.entries(category, ask.after) : [] };
    return { value: permitted ? await services.entry(category, ask.key) : undefined };
  }

  return {
    call,
    outcome,
    fail,
    async answer(frame) {
      if (accesses.length >= asksMax) throw new RangeError(`more than ${asksMax} asks in a call`);
      const head = { kind: 'answer', call: call.call, ask: frame.ask } as const;
      try {
        return encodeFrame({ ...head, ...(await serve(frame)) });
      } catch (error) {
        // Absence would be a lie: the vault could not answer, so this call has no result.
        fault ??= `the vault could not answer: ${error instanceof Error ? error.message : error}`;
        return encodeFrame({ ...head, error: 'the vault could not answer' });
      }
    },
    result(result, effects) {
      fault ??= resultFault(handler.manifest, call.type, result, effects);
      if (fault !== undefined) return fail('failed', fault);
      end({ code: 'ok', result }, [...(effects as Effect[])]);
    },
  };
}

function withResolver<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
