// Telephone calls, through Twilio's Calls: a voice says what happened, twice, in the language of whoever picks up, and asks for a
// key. The key goes to the signed link, so that a mailbox that picks up has confirmed nothing.

import type { Language, Texts } from '../../texts.ts'
import { clip } from '../clip.ts'
import { linkFor } from '../message.ts'
import { kindWord, levelWord } from '../words.ts'
import type { Channel, Telling } from './channel.ts'
import { callTwilio, type TwilioSettings } from './twilio.ts'

/** Twilio's own bound of what is sent along with a call, characters. */
export const TWIML_MOST = 4_000
/** Characters that are spoken: half a minute. */
const SPOKEN_MOST = 240
/** How long it rings, s: shorter than mailboxes wait. */
const RING_S = 25
/** How long a key is waited for after the words, s. */
const KEY_S = 10
/** The key that confirms. */
export const CONFIRM_KEY = '1'

const VOICES: Readonly<Record<Language, string>> = { ko: 'ko-KR', en: 'en-US' }
const SPEECH = {
  from: { ko: '레비 장애 알림입니다.', en: 'This is an incident call from Levee.' },
  ask: { ko: '확인하셨으면 1번을 눌러 주십시오.', en: 'To confirm that you are on it, press 1.' },
  missed: {
    ko: '확인되지 않았습니다. 곧 다시 연락드리겠습니다.',
    en: 'This was not confirmed. You will be called again.',
  },
  taken: { ko: '확인되었습니다. 감사합니다.', en: 'Confirmed. Thank you.' },
  again: { ko: '앞서 전화를 받으셨다면 같은 내용입니다.', en: 'You may have been called about this before.' },
} as const satisfies Record<string, Texts>

export function createTwilioCall(settings: TwilioSettings): Channel {
  return {
    name: 'call',
    async deliver(telling, contact, signal) {
      if (contact.dial === null) return { is: 'refused', why: `${contact.id} has no phone` }
      const Twiml = callTwiml(telling, contact.language)
      const form = { To: contact.dial, From: settings.from, Twiml, Timeout: String(RING_S) }
      return callTwilio(settings, 'Calls.json', form, signal)
    },
  }
}

export function callTwiml(telling: Telling, language: Language): string {
  const { level, kind, title, again } = telling
  const words = [
    SPEECH.from[language],
    ...(again ? [SPEECH.again[language]] : []),
    `${levelWord(level, language)}, ${kindWord(kind, language)}.`,
    `${clip(title[language], SPOKEN_MOST)}.`,
  ].join(' ')
  const confirm = linkFor(telling, 'acknowledge')
  if (confirm === undefined) return response(say(words, language, 2))
  const ask = say(`${words} ${SPEECH.ask[language]}`, language, 2)
  const gather = `<Gather input="dtmf" numDigits="1" timeout="${KEY_S}" method="POST" action="${xml(confirm.url)}">`
  const whole = response(`${gather}${ask}</Gather>${say(SPEECH.missed[language], language, 1)}`)
  // With a link that long nobody could confirm; the words get through all the same.
  return whole.length <= TWIML_MOST ? whole : response(say(words, language, 2))
}

/** What the link answers to the key that was pressed: Twilio posts it as `Digits`. */
export function answerTwiml(confirmed: boolean, language: Language): string {
  return response(say(SPEECH[confirmed ? 'taken' : 'missed'][language], language, 1))
}

const response = (inner: string): string =>
  `<?xml version="1.0" encoding="UTF-8"?><Response>${inner}</Response>`

const say = (text: string, language: Language, times: number): string =>
  `<Say language="${VOICES[language]}" loop="${times}">${xml(text)}</Say>`

const XML: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
}
const xml = (text: string): string => text.replace(/[&<>"']/g, mark => XML[mark]!)
