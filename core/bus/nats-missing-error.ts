import { oldestVersion, wantedVersion } from './nats-version.ts';

/** Where a `nats-server` program can come from, in the order they are tried. */
export type NatsSource = 'environment' | 'path' | 'cache' | 'release' | 'debian';

/** One place that was tried and what was found there. */
export type NatsAttempt = { readonly source: NatsSource; readonly result: string };

/**
 * No usable `nats-server`.
 *
 * `ENVIRONMENT_UNUSABLE`, `ENVIRONMENT_TOO_OLD`: what `CAMBIUM_NATS_SERVER` names; nothing else was tried.
 * `NOT_FOUND`: none of the places has one.
 */
export class NatsServerMissingError extends Error {
  override readonly name = 'NatsServerMissingError';
  readonly code: 'ENVIRONMENT_UNUSABLE' | 'ENVIRONMENT_TOO_OLD' | 'NOT_FOUND';
  readonly tried: readonly NatsAttempt[];

  constructor(code: NatsServerMissingError['code'], tried: readonly NatsAttempt[]) {
    const places = tried.map(({ source, result }) => `  ${source}: ${result}`);
    super([`no usable nats-server (${oldestVersion} or newer):`, ...places, advice].join('\n'));
    this.code = code;
    this.tried = tried;
  }
}

const advice = `Install ${wantedVersion} or newer (brew install nats-server, or your system's packages), or name a program with
CAMBIUM_NATS_SERVER=/path/to/nats-server, or run the Docker image (docker run -p 4222:4222 nats:2.15 -js) and point at it
with --vine URL and --ledger URL.`;
