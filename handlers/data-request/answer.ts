import type { Answer, Call, Host } from '../sdk/types.ts';

type DataRequest = { readonly fields: readonly string[]; readonly purpose?: string };

/**
 * Reads every field that was asked for. A field the host does not give stands in `refused`, with no
 * word about whether it is absent or withheld.
 */
export async function answerDataRequest(call: Call, host: Pick<Host, 'read'>): Promise<Answer> {
  const { fields: names } = call.event.payload as DataRequest;
  const values = await Promise.all(names.map((name) => host.read(name)));
  const fields: Record<string, string> = {};
  const refused: string[] = [];
  names.forEach((name, index) => {
    const value = values[index];
    if (value === undefined) refused.push(name);
    else fields[name] = value;
  });
  return { result: { fields, refused } };
}
