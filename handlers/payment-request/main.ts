import { serve } from '../sdk/serve.ts';
import { authorizePayment } from './authorize.ts';

serve({
  name: 'payment-request',
  version: '1.0.0',
  handlers: { 'payment.request': authorizePayment },
});
