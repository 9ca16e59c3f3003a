// Short messages, through Twilio's Messages. It knows no ids: a repeat says that it is one.

import type { Language } from '../../texts.ts'
import { clip } from '../clip.ts'
import { linkFor } from '../message.ts'
import { AGAIN, headline, timeText } from '../words.ts'
import type { Channel, Telling } from './channel.ts'
import { callTwilio, type TwilioSettings } from './twilio.ts'

/** Characters: five parts of 67 each, as Korean is sent. Twilio takes 1,600, and nobody reads them at night. */
const WORDS_MOST = 335
/** Twilio's own bound, characters. */
const BODY_MOST = 1_600

export function createTwilioSms(settings: TwilioSettings): Channel {
  return {
    name: 'sms',
    async deliver(telling, contact, signal) {
      if (contact.dial === null) return { is: 'refused', why: `${contact.id} has no phone` }
      const Body = smsText(telling, contact.language, settings.timeZone)
      return callTwilio(settings, 'Messages.json', { To: contact.dial, From: settings.from, Body }, signal)
    },
  }
}

/** The link stands whole at the end, or not at all. */
export function smsText(telling: Telling, language: Language, timeZone: string): string {
  const { text, at, again, kind } = telling
  const lines = [
    ...(again ? [AGAIN[language]] : []),
    headline(telling, language),
    timeText(at, timeZone),
    text[language],
  ]
  const words = clip(lines.join('\n').trim(), WORDS_MOST)
  // Nothing is left to acknowledge when it is over.
  const link = kind === 'resolved' ? undefined : (linkFor(telling, 'acknowledge') ?? linkFor(telling, 'view'))
  const all = link === undefined ? words : `${words}\n${link.url}`
  return all.length <= BODY_MOST ? all : words
}
