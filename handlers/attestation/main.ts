import { serve } from '../sdk/serve.ts';
import { attestDocument, attestIdentity, attestPresence } from './attest.ts';

serve({
  name: 'attestation',
  version: '1.0.0',
  handlers: {
    'authentication.request': attestPresence,
    'signature.request': attestDocument,
    'identity.request': attestIdentity,
  },
});
