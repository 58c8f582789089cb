import type { Answer, Call, Host } from '../sdk/types.ts';
import { type PaymentRequest, paymentStatement } from './statement.ts';

/**
 * Signs the payment that was asked for and states it as an effect. Whoever holds the authorization
 * can check it without the vault: the signature is over the statement's bytes as they stand.
 */
export async function authorizePayment(call: Call, host: Pick<Host, 'sign'>): Promise<Answer> {
  const { order, amount, currency, payee } = call.event.payload as PaymentRequest;
  const statement = paymentStatement({ order, amount, currency, payee }, call);
  const { signature, key } = await host.sign('payment', statement);
  const authorization = {
    statement: base64url(statement),
    signature: base64url(signature),
    key: base64url(key),
  };
  return {
    result: { order, amount, currency, payee, authorization },
    effects: [{ type: 'payment.authorized', order, amount, currency, payee }],
  };
}

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url');
}
