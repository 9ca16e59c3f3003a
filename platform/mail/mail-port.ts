// What the shop needs of a mail system, and what it never hands to one.

export interface OutgoingMail {
  /** The same mail has the same id however often it is tried: receivers know a repeat by its Message-ID. */
  readonly id: string
  readonly to: string
  readonly subject: string
  readonly text: string
  /** The same as HTML, for who prefers it. */
  readonly html?: string
  /** When it was written, epoch ms. */
  readonly date: number
}

export interface MailPort {
  /**
   * Resolves when the next system has it. Throws `MailRefused` where trying again cannot help, any other error
   * where it may; after a time-out the mail may have gone all the same.
   */
  send(mail: OutgoingMail): Promise<void>
  close(): Promise<void>
}

/** Refused for good: by its address or its content. */
export class MailRefused extends Error {
  override readonly name = 'MailRefused'
}

/** RFC 5321: 254 characters fit the path of a mail. */
const ADDRESS_MOST = 254
/** One address and nothing else: what separates, groups, quotes or comments addresses is left out. */
const ADDRESS = /^[^\s@<>()[\]\\,;:"\p{Cc}\p{Cs}]+@[^\s@<>()[\]\\,;:"\p{Cc}\p{Cs}]+$/u
/** RFC 5322: 998 characters fit a line. */
const SUBJECT_MOST = 998
const CONTROL = /\p{Cc}/u

/** Throws `MailRefused` for whatever could become a second receiver or a header of its own. */
export function checkMail({ to, subject }: OutgoingMail): void {
  if (to.length > ADDRESS_MOST || !ADDRESS.test(to)) throw new MailRefused('not one plain mail address')
  if (subject.length > SUBJECT_MOST || CONTROL.test(subject))
    throw new MailRefused('the subject is not one line')
}
