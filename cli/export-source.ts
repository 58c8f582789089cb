import { type ExportFile, openExport } from '../replay/export-file.ts';
import { CliError } from './cli-error.ts';

/**
 * Opens the export that was named on the command line.
 * @throws CliError when there is no such file; LedgerError when it is no export
 */
export async function openExportFile(path: string): Promise<ExportFile> {
  try {
    return await openExport(path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'EISDIR' || code === 'EACCES')
      throw new CliError('usage', `no export can be read there: ${message}`);
    throw error;
  }
}
