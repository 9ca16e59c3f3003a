// Mails: plain text, and the same as HTML. A repeat has the same Message-ID, by which mail systems know it.

import { type MailPort, MailRefused } from '../../../platform/mail/mail-port.ts'
import { escaped } from '../../escaped.ts'
import type { Language } from '../../texts.ts'
import { clip } from '../clip.ts'
import { AGAIN, headline, timeText, WORDS } from '../words.ts'
import { type Channel, DELIVERED, type Outcome, type Telling } from './channel.ts'

/** Longest time for one mail, ms: above the mail system's own limit, which says more about what went wrong. */
export const MAIL_MS = 25_000
/** Characters of the reason that are kept. */
const WHY_MOST = 300

export interface EmailSettings {
  readonly mail: MailPort
  readonly timeZone: string
  /** Longest time for one mail, ms. */
  readonly most?: number
}

export function createEmail({ mail, timeZone, most = MAIL_MS }: EmailSettings): Channel {
  return {
    name: 'email',
    async deliver(telling, contact, signal) {
      if (contact.email === null) return { is: 'refused', why: `${contact.id} has no e-mail` }
      const { language, email: to } = contact
      const sending = mail.send({
        // Each reader has a mail of his own, and its id.
        id: `${telling.id} ${contact.id}`,
        to,
        subject: headline(telling, language),
        text: mailText(telling, language, timeZone),
        html: mailHtml(telling, language, timeZone),
        date: telling.at,
      })
      try {
        await inTime(sending, most, signal)
        return DELIVERED
      } catch (error) {
        return outcomeOf(error as Error)
      }
    },
  }
}

function outcomeOf(error: Error): Outcome {
  const why = clip(error.message.replace(/\s+/g, ' '), WHY_MOST)
  if (error instanceof MailRefused) return { is: 'refused', why }
  const { responseCode } = error as { responseCode?: unknown }
  // A server that answered "later" has not taken it. One that fell silent may have.
  return { is: 'later', after: null, why, mayHaveArrived: typeof responseCode !== 'number', all: false }
}

/** A mail cannot be called back: whoever gives up only stops waiting. */
function inTime(sending: Promise<void>, most: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`the mail took longer than ${most} ms`)), most)
    const abort = (): void => reject(new Error('was given up'))
    signal.addEventListener('abort', abort, { once: true })
    if (signal.aborted) abort()
    sending.then(resolve, reject).finally(() => {
      clearTimeout(timer)
      signal.removeEventListener('abort', abort)
    })
  })
}

type Row = readonly [label: string, value: string]

function rowsOf({ at, key, facts }: Telling, language: Language, timeZone: string): Row[] {
  return [
    [WORDS.time[language], timeText(at, timeZone)],
    [WORDS.incident[language], key],
    ...facts.map(({ label, value }): Row => [label[language], value[language]]),
  ]
}

export function mailText(telling: Telling, language: Language, timeZone: string): string {
  const parts = [
    ...(telling.again ? [AGAIN[language]] : []),
    headline(telling, language),
    telling.text[language],
    rowsOf(telling, language, timeZone)
      .map(([label, value]) => `${label}: ${value}`)
      .join('\n'),
    telling.links.map(({ label, url }) => `${label[language]}:\n${url}`).join('\n'),
  ]
  return `${parts.filter(part => part.trim() !== '').join('\n\n')}\n`
}

export function mailHtml(telling: Telling, language: Language, timeZone: string): string {
  const rows = rowsOf(telling, language, timeZone)
    .map(([label, value]) => `<tr><th align="left">${escaped(label)}</th><td>${escaped(value)}</td></tr>`)
    .join('')
  const links = telling.links
    .map(({ label, url }) => `<li><a href="${escaped(url)}">${escaped(label[language])}</a></li>`)
    .join('')
  const title = escaped(headline(telling, language))
  const again = telling.again ? `<p><em>${escaped(AGAIN[language])}</em></p>` : ''
  return [
    `<!doctype html><html lang="${language}"><head><meta charset="utf-8"><title>${title}</title></head><body>`,
    `${again}<h2>${title}</h2><p>${escaped(telling.text[language]).replaceAll('\n', '<br>')}</p>`,
    `<table cellpadding="4">${rows}</table>${links === '' ? '' : `<ul>${links}</ul>`}</body></html>`,
  ].join('\n')
}
