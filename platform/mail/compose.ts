// A mail as nodemailer wants it, the same for every transport.

import { shortHash } from '../events/event.ts'
import { checkMail, type OutgoingMail } from './mail-port.ts'

/** Throws `MailRefused` for what no transport may see. `from` is a configured mailbox, `Levee <shop@example.org>`. */
export function compose(mail: OutgoingMail, from: string) {
  checkMail(mail)
  return {
    from,
    // An object is taken as it stands; text would be parsed for several addresses.
    to: { name: '', address: mail.to },
    subject: mail.subject,
    text: mail.text,
    ...(mail.html === undefined ? {} : { html: mail.html }),
    // Not base64: a person who opens the file can read the English half, and tokens stand whole on their line.
    textEncoding: 'quoted-printable' as const,
    date: new Date(mail.date),
    messageId: `<${shortHash(mail.id)}@levee>`,
    // RFC 3834: no vacation answers to a machine.
    headers: { 'Auto-Submitted': 'auto-generated' },
    disableFileAccess: true,
    disableUrlAccess: true,
  }
}
