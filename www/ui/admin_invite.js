/*
 * admin_invite.js: new users: invited by a link by which they choose a password, or made with
 * one.
 */
import { lastingField } from './admin_fields.js';
import { fetched, sheet } from './admin_parts.js';
import { rightsFields, rightsKnown } from './admin_users.js';
import { address, askJson } from './api.js';
import { showOnce } from './dialog.js';
import { form } from './fields.js';
import { tell } from './notice.js';

const email = { name: 'username', label: 'E-mail address', type: 'email', required: true };
const times = [['7d', '7 days'], ['1d', 'a day'], ['30d', '30 days']];

/* A dialog with a form that needs what models and tiers there are. */
function formSheet(title, make) {
  const { close } = sheet(title, fetched(rightsKnown, (known) => make(known, close)), { guards: true });
}

export function inviteSheet(done) {
  formSheet('Invite somebody', (known, close) => form({
    fields: [
      { ...email, hint: 'Whom it is for. Nothing is sent: you get a link to pass on.' },
      ...rightsFields(known),
      { name: 'expires', label: 'How long the link holds', value: '7d', custom: lastingField, times },
    ],
    verb: 'Make the link',
    send: (values) => askJson('POST', 'admin/invitations', { body: values }),
    done: async (made) => {
      close();
      done();
      tell(`${made.username} is invited.`);
      await showOnce({
        title: `An invitation for ${made.username}`, secret: `${address('setup')}#${made.invitation}`,
        text: 'Whoever opens this link first chooses the password. It is shown this once: pass it on now, to nobody else.',
      });
    },
  }));
}

export function newUserSheet(done) {
  formSheet('Make a user', (known, close) => form({
    fields: [
      email, { name: 'first_name', label: 'First name' }, { name: 'last_name', label: 'Last name' },
      {
        name: 'password', label: 'Password', type: 'password', required: true, autocomplete: 'new-password',
        hint: '12 characters or more. Better is an invitation, by which only the user knows it.',
      },
      ...rightsFields(known),
    ],
    verb: 'Make the user',
    send: (values) => askJson('POST', 'admin/users', { body: values }),
    done: (made) => {
      close();
      done();
      tell(`${made.username} can log in now.`);
    },
  }));
}
