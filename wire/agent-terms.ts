/* What an owner lets an AI agent do, in types: docs/spec/agents.md. */

/** Whether the owner is asked: never, each time, or the first time for a while. */
export type Approval = 'auto' | 'ask' | 'first';

/** How often: tokens that come back in an hour, and how many may be saved up. */
export type GrantRate = { readonly per_hour: number; readonly burst: number };

/** One thing that an agent may do. */
export type GrantScope = {
  /** One word by which the owner knows it. */
  readonly name: string;
  /** Event type, for example `data.request`. */
  readonly type: string;
  /** Fields that it may ask for, where its type asks for any. */
  readonly fields?: readonly string[];
  /** One word for why. */
  readonly purpose: string;
  readonly approval: Approval;
  /** With `first`: for how long a yes is remembered, ISO 8601. */
  readonly remember?: string;
  readonly rate: GrantRate;
  /** Domains that it may act toward, exact or `*.` and a domain; any or none where it is left out. */
  readonly targets?: readonly string[];
};

/** After how many refusals within how many minutes everything is refused, and for how many minutes. */
export type CoolDown = {
  readonly refusals: number;
  readonly within_minutes: number;
  readonly minutes: number;
};

/** What of a grant only an agent has; the rest of it stands in the members that every contract has. */
export type AgentTerms = {
  readonly scopes: readonly GrantScope[];
  readonly cool_down: CoolDown;
};

/** A grant as its owner writes it. */
export type AgentGrant = AgentTerms & {
  /** When it ends: Unix time in milliseconds, or an ISO 8601 duration from the moment that the vault takes it. */
  readonly expires: number | string;
  /** How often over all scopes. */
  readonly rate: GrantRate;
  /** What may be stored, where a scope is for that. */
  readonly storage?: { readonly categories: readonly string[]; readonly megabytes: number };
};

/** What an agent says of itself; nobody has checked it. */
export type AgentOffer = { readonly name: string };
