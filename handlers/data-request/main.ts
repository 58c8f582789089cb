import { serve } from '../sdk/serve.ts';
import { answerDataRequest } from './answer.ts';

serve({
  name: 'data-request',
  version: '1.0.0',
  handlers: { 'data.request': answerDataRequest },
});
