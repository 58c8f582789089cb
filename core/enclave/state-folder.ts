import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * Folder for what must not lie in the data directory, so that whoever copies or restores the one does
 * not have the other: `CAMBIUM_STATE`, or `cambium` in the user's state directory (XDG).
 */
export function stateFolder(env: NodeJS.ProcessEnv = process.env): string {
  const own = env['CAMBIUM_STATE'];
  if (own !== undefined && own !== '') return own;
  const state = env['XDG_STATE_HOME'] ?? join(homedir(), '.local', 'state');
  return join(state, 'cambium');
}
