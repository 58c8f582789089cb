import { serve } from '../sdk/serve.ts';
import { deleteEntry, getEntry, listEntries, putEntry } from './entries.ts';

serve({
  name: 'storage',
  version: '1.0.0',
  handlers: {
    'storage.put': putEntry,
    'storage.get': getEntry,
    'storage.list': listEntries,
    'storage.delete': deleteEntry,
  },
});
