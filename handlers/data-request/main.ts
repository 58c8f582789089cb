import { serve } from '../sdk/serve.ts';
import { answerDataRequest } from './answer.ts';

serve({
  name: 'data-request',
  version: '1.1.0',
  handlers: { 'data.request': answerDataRequest, 'location.request': answerDataRequest },
});
