import type { Call } from '../sdk/types.ts';

/** Payload of `payment.request`; `amount` counts the currency's minor units. */
export type PaymentRequest = {
  readonly order: string;
  readonly amount: number;
  readonly currency: string;
  readonly payee: string;
};

/**
 * UTF-8 bytes of the payment as canonical JSON (RFC 8785): members in the order of their names,
 * values only text and integers. `time` is when the vault received the event, in Unix milliseconds.
 */
export function paymentStatement(payment: PaymentRequest, call: Call): Uint8Array {
  const members = {
    amount: payment.amount,
    currency: payment.currency,
    event: call.event.id,
    order: payment.order,
    party: call.party,
    payee: payment.payee,
    time: call.event.time,
    vault: call.vault,
  };
  return new TextEncoder().encode(JSON.stringify(members));
}
