// One telling of one incident. What it says is fixed when it is made: a delivery that is repeated says the same again.

import type { Level } from '../level.ts'
import type { Language, Texts } from '../texts.ts'
import { clip } from './clip.ts'

/** What is told of an incident. */
export type Kind = 'opened' | 'updated' | 'acknowledged' | 'resolved' | 'escalated' | 'reminder'
export const KINDS: readonly Kind[] = [
  'opened',
  'updated',
  'acknowledged',
  'resolved',
  'escalated',
  'reminder',
]

/** Where the fault lies (manual, E4): it decides who is told. */
export type Area = 'infrastructure' | 'database' | 'application' | 'security'
export const AREAS: readonly Area[] = ['infrastructure', 'database', 'application', 'security']

export interface Fact {
  readonly label: Texts
  readonly value: Texts
}

export type LinkAction = 'view' | 'acknowledge' | 'resolve'

export interface Link {
  readonly action: LinkAction
  readonly label: Texts
  readonly url: string
}

export interface Message {
  /** Of the incident, the same on all channels: by it a channel knows what belongs together. */
  readonly key: string
  /** Of this telling: a repeated delivery has the same one. */
  readonly id: string
  readonly kind: Kind
  readonly level: Level
  readonly area: Area
  readonly title: Texts
  readonly text: Texts
  readonly facts: readonly Fact[]
  readonly links: readonly Link[]
  /** When it was so, epoch ms. */
  readonly at: number
}

/** Characters of a title: it stands in a subject line, and in a heading of Slack's, which takes 150. */
export const TITLE_MOST = 120
/** Characters of a text: a screen of reading. Evidence belongs into the incident, which the message links to. */
export const TEXT_MOST = 2_000
/** Characters of one name or value among the facts. */
const FACT_MOST = 200
/** Facts in a message: what fits beside the text without scrolling. */
export const FACTS_MOST = 20
/** Links in a message: report, acknowledge, resolve and a few more. */
const LINKS_MOST = 6
/** Characters of an incident's key, and of a message's id. */
const KEY_MOST = 200

/** The message within its bounds. Throws where it has no key, no id or no time: without them nobody can tell it apart. */
export function bounded(message: Message): Message {
  const { key, id, at } = message
  if (!fits(key) || !fits(id))
    throw new Error(`a message needs a key and an id of 1 to ${KEY_MOST} characters`)
  if (!Number.isSafeInteger(at)) throw new Error('a message needs its time, epoch ms')
  return {
    ...message,
    title: both(message.title, text => clip(oneLine(text), TITLE_MOST)),
    text: both(message.text, text => clip(text.toWellFormed(), TEXT_MOST)),
    facts: message.facts.slice(0, FACTS_MOST).map(({ label, value }) => ({
      label: both(label, text => clip(oneLine(text), FACT_MOST)),
      value: both(value, text => clip(oneLine(text), FACT_MOST)),
    })),
    links: message.links.slice(0, LINKS_MOST).map(link => ({
      ...link,
      label: both(link.label, text => clip(oneLine(text), FACT_MOST)),
    })),
  }
}

/** The same words in both languages: names, numbers, what an engine said. */
export const same = (text: string): Texts => ({ ko: text, en: text })

export const linkFor = ({ links }: Message, action: LinkAction): Link | undefined =>
  links.find(link => link.action === action)

const fits = (id: string): boolean => id.length > 0 && id.length <= KEY_MOST && id.isWellFormed()

const both = (texts: Texts, change: (text: string, language: Language) => string): Texts => ({
  ko: change(texts.ko, 'ko'),
  en: change(texts.en, 'en'),
})

/** Subjects and headings are one line: a line break in one could become a header of its own. */
const oneLine = (text: string): string =>
  text
    .toWellFormed()
    .replace(/[\p{Cc}\u2028\u2029]+/gu, ' ')
    .trim()
