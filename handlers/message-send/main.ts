import { serve } from '../sdk/serve.ts';
import { showMessage } from './show.ts';

serve({ name: 'message-send', version: '1.0.0', handlers: { 'message.send': showMessage } });
