import type { Contract } from '../../../wire/contract.ts';
import type { ScenarioType } from './scenario.ts';

/** What a handler's types need: a permission, fields, that they happen once, and that the owner is always asked. */
export const handled: Readonly<
  Partial<
    Record<
      ScenarioType,
      {
        permission?: keyof Contract['permissions'];
        fields?: true;
        once?: true;
        always?: true;
        stores?: true;
        notifies?: true;
      }
    >
  >
> = {
  'data.request': { fields: true },
  'payment.request': { permission: 'payment', once: true },
  'location.request': { permission: 'location', fields: true },
  'identity.request': { permission: 'identity', fields: true, always: true },
  'signature.request': { permission: 'signatures', always: true },
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
