// Mails as files: one `.eml` each, readable by their owner only. What a trial and the tests use.

import { mkdir, rename, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { createTransport } from 'nodemailer'
import { compose } from './compose.ts'
import type { MailPort, OutgoingMail } from './mail-port.ts'

/** The name holds only what every file system takes, and of an id only so much. */
const ID_MOST = 100

export async function openFolderMail(folder: string, from: string): Promise<MailPort> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const transport = createTransport({ streamTransport: true, buffer: true })
  return {
    async send(mail) {
      const { message } = await transport.sendMail(compose(mail, from))
      const name = fileName(mail)
      // Whole or not at all; the same mail again replaces itself.
      const draft = path.join(folder, `.${name}.${process.pid}`)
      await writeFile(draft, message as Buffer, { mode: 0o600 })
      await rename(draft, path.join(folder, name))
    },
    async close() {
      transport.close()
    },
  }
}

/** Sorts by time: `20261123T101500000Z-<id>.eml`. */
function fileName({ id, date }: OutgoingMail): string {
  const time = new Date(date).toISOString().replace(/[-:.]/g, '')
  return `${time}-${id.replace(/[^A-Za-z0-9_-]/g, '_').slice(0, ID_MOST)}.eml`
}
