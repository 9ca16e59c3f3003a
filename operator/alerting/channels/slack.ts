// Slack, by an incoming webhook. It knows no ids: a repeat says that it is one.

import { clip, clipEscaped } from '../clip.ts'
import type { Contact } from '../contacts.ts'
import { AGAIN, headline, timeText, WORDS } from '../words.ts'
import { CALL_MS, callService } from './call-service.ts'
import type { Channel, Telling } from './channel.ts'
import { partsOfUrl, type Secret } from './secret.ts'

/** Slack's own bounds, characters: of a heading, of a section's text, and of each of at most ten fields. */
const HEADER_MOST = 150
const SECTION_MOST = 3_000
const FIELD_MOST = 2_000
const FIELDS_MOST = 10
const BLOCKS_MOST = 50
/** Characters of the line that a notification shows: Slack takes 40,000, telephones show some two hundred. */
const LINE_MOST = 300
/** Characters of the text of one link. */
const LINK_TEXT_MOST = 75

export interface SlackSettings {
  /** The whole webhook URL: whoever has it may write. */
  readonly url: Secret
  readonly timeZone: string
  readonly clock: () => number
  /** Longest time for one call, ms. */
  readonly most?: number
}

export function createSlack({ url, timeZone, clock, most = CALL_MS }: SlackSettings): Channel {
  const target = new URL(url.reveal())
  const secrets = partsOfUrl(url)
  return {
    name: 'slack',
    deliver(telling, contact, signal) {
      const body = JSON.stringify(slackMessage(telling, contact, timeZone))
      const headers = { 'content-type': 'application/json' }
      return callService({ url: target, headers, body, signal, most, secrets, clock })
    },
  }
}

type Block = Readonly<Record<string, unknown>>

export function slackMessage(telling: Telling, { language }: Contact, timeZone: string) {
  const { title, text, facts, links, mentions, at, key, again } = telling
  const head = headline(telling, language)
  const mrkdwn = (raw: string, limit: number) => ({ type: 'mrkdwn', text: clipEscaped(raw, limit, escaped) })
  const section = (raw: string): Block[] =>
    raw.trim() === '' ? [] : [{ type: 'section', text: mrkdwn(raw, SECTION_MOST) }]
  const blocks: Block[] = [
    { type: 'header', text: { type: 'plain_text', text: clip(head, HEADER_MOST), emoji: false } },
    ...(again ? section(AGAIN[language]) : []),
    ...section(text[language]),
    ...fieldBlocks(
      facts.map(({ label, value }) => mrkdwn(`*${label[language]}*\n${value[language]}`, FIELD_MOST)),
    ),
    ...whole(mentions.map(id => `<@${id}>`)),
    ...whole(
      links.map(
        ({ url, label }) => `<${inLink(url)}|${clipEscaped(label[language], LINK_TEXT_MOST, linkText)}>`,
      ),
    ),
    {
      type: 'context',
      elements: [
        mrkdwn(
          `${WORDS.time[language]}: ${timeText(at, timeZone)} · ${WORDS.incident[language]}: ${key}`,
          FIELD_MOST,
        ),
      ],
    },
  ]
  const line = clipEscaped(title[language] === '' ? head : `${again ? '↻ ' : ''}${head}`, LINE_MOST, escaped)
  return { text: line, blocks: blocks.slice(0, BLOCKS_MOST) }
}

/** Parts that mean nothing when cut: as many as fit stand in one section, each whole. */
function whole(parts: readonly string[]): Block[] {
  const fitting: string[] = []
  for (const part of parts) if ([...fitting, part].join(' · ').length <= SECTION_MOST) fitting.push(part)
  return fitting.length === 0
    ? []
    : [{ type: 'section', text: { type: 'mrkdwn', text: fitting.join(' · ') } }]
}

function fieldBlocks(fields: readonly Block[]): Block[] {
  const blocks: Block[] = []
  for (let from = 0; from < fields.length; from += FIELDS_MOST)
    blocks.push({ type: 'section', fields: fields.slice(from, from + FIELDS_MOST) })
  return blocks
}

/** The three that Slack reads as its own marks: without them a text could mention everybody, or pose as a link. */
const escaped = (text: string): string =>
  text.replace(/[&<>]/g, mark => (mark === '&' ? '&amp;' : mark === '<' ? '&lt;' : '&gt;'))
/** A bar would end the URL of a link. */
const inLink = (url: string): string => escaped(url).replaceAll('|', '%7C')
const linkText = (text: string): string => escaped(text).replaceAll('|', '/')
