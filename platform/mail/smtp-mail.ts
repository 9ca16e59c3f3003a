// Mails through an SMTP server, over a few connections that stay open.

import { createTransport } from 'nodemailer'
import { compose } from './compose.ts'
import { type MailPort, MailRefused } from './mail-port.ts'

/** Connections kept open: a server answers a mail in tens of ms, so four carry far more than the shop's rate. */
const CONNECTIONS = 4
/** Longest wait for a connection, and for the server's greeting, ms: a healthy server needs less than one second. */
const CONNECT_MS = 5_000
/** Longest silence in a conversation, ms: spam checks at the end of a message take some seconds. */
const SILENCE_MS = 10_000
/** Longest time for one mail, ms: a server that drips a byte now and then is never silent. */
const SEND_MS = 20_000

/** `url`: `smtp://user:password@host:port` or `smtps://…`. `sendMost`: ms, `SEND_MS` unless told. */
export function openSmtpMail(url: string, from: string, sendMost = SEND_MS): MailPort {
  const transport = createTransport({
    url,
    pool: true,
    maxConnections: CONNECTIONS,
    dnsTimeout: CONNECT_MS,
    connectionTimeout: CONNECT_MS,
    greetingTimeout: CONNECT_MS,
    socketTimeout: SILENCE_MS,
  })
  return {
    async send(mail) {
      try {
        await inTime(transport.sendMail(compose(mail, from)), sendMost)
      } catch (error) {
        throw isFinal(error) ? new MailRefused((error as Error).message, { cause: error }) : error
      }
    },
    async close() {
      transport.close()
    },
  }
}

/** The server refused this receiver or this message (5xx); a refused sign-in concerns all mails and may be mended. */
function isFinal(error: unknown): boolean {
  const { code, responseCode } = error as { code?: string; responseCode?: number }
  return (code === 'EENVELOPE' || code === 'EMESSAGE') && responseCode !== undefined && responseCode >= 500
}

async function inTime(sending: Promise<unknown>, most: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`the mail server took longer than ${most} ms`)), most)
  })
  try {
    await Promise.race([sending, late])
  } finally {
    clearTimeout(timer)
  }
}
