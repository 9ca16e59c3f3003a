import path from 'node:path'
import type { Config } from '../config/settings.ts'
import { checkMail, type MailPort } from './mail-port.ts'

export interface MailOptions {
  readonly transport: Config['mail.transport']
  /** `folder`: mails go to `mail/` below it. */
  readonly dataFolder: string
  readonly smtpUrl: string
  readonly from: string
}

/** Opens the configured way out for mails. Nodemailer loads only when there is one. */
export async function openMail({ transport, dataFolder, smtpUrl, from }: MailOptions): Promise<MailPort> {
  if (transport === 'none') return { send: async mail => checkMail(mail), close: async () => undefined }
  if (transport === 'folder') {
    const { openFolderMail } = await import('./folder-mail.ts')
    return openFolderMail(path.join(dataFolder, 'mail'), from)
  }
  if (smtpUrl === '') throw new Error('mail.transport is smtp, but mail.smtpUrl is empty')
  const { openSmtpMail } = await import('./smtp-mail.ts')
  return openSmtpMail(smtpUrl, from)
}
