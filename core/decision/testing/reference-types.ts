import type { Contract } from '../../../wire/contract.ts';
import type { ScenarioType } from './scenario.ts';

/** What a handler's types need: a permission, fields, and that they happen once. */
export const handled: Readonly<
  Partial<
    Record<
      ScenarioType,
      {
        permission?: keyof Contract['permissions'];
        fields?: true;
        once?: true;
        stores?: true;
        notifies?: true;
      }
    >
  >
> = {
  'data.request': { fields: true },
  'payment.request': { permission: 'payment', once: true },
  'location.request': { permission: 'location', fields: true },
  'note.send': {},
  'storage.put': { permission: 'store', stores: true },
  'message.send': { permission: 'messages', notifies: true },
};

/** Where the standard's own types come from. */
export const spaces: Readonly<Partial<Record<ScenarioType, 'owner' | 'message'>>> = {
  'owner.fields': 'owner',
  'owner.approve': 'owner',
  'connection.request': 'message',
  'contract.update': 'message',
  'credential.renew': 'message',
};
