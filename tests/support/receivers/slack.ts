// Slack's incoming webhook: what it takes, by its published limits on messages and blocks.

import { type Answer, type Call, Receiver } from './receiver.ts'

interface TextObject {
  readonly type?: unknown
  readonly text?: unknown
  readonly emoji?: unknown
}
interface Block {
  readonly type?: unknown
  readonly text?: TextObject
  readonly fields?: readonly TextObject[]
  readonly elements?: readonly TextObject[]
}
export interface SlackMessage {
  readonly text: string
  readonly blocks: readonly Block[]
}

export const SLACK_PATH = '/services/T00000000/B00000000/abcdefghijklmnopqrstuvwx'
const BLOCKS_MOST = 50
const TEXT_MOST = 40_000
const HEADER_MOST = 150
const SECTION_MOST = 3_000
const FIELDS_MOST = 10
const FIELD_MOST = 2_000
const ELEMENTS_MOST = 10

export class SlackReceiver extends Receiver<SlackMessage> {
  protected override judge({ method, path, headers, body }: Call) {
    const no = (status: number, what: string): Answer => this.wrong(what, { status, body: what })
    if (method !== 'POST') return no(405, 'not a POST')
    if (path !== SLACK_PATH) return no(404, 'no_service')
    if (headers['content-type'] !== 'application/json') return no(400, 'invalid_payload: content-type')
    let message: SlackMessage
    try {
      message = JSON.parse(body) as SlackMessage
    } catch {
      return no(400, 'invalid_payload')
    }
    const unknown = Object.keys(message).find(name => name !== 'text' && name !== 'blocks')
    if (unknown !== undefined) return no(400, `invalid_payload: ${unknown}`)
    if (typeof message.text !== 'string' || message.text === '') return no(400, 'no_text')
    if (message.text.length > TEXT_MOST) return no(400, 'msg_too_long')
    if (!Array.isArray(message.blocks) || message.blocks.length > BLOCKS_MOST)
      return no(400, 'invalid_blocks')
    const fault = [...message.blocks.map(blockFault), marksFault(message.text)].find(found => found !== null)
    if (fault !== undefined) return no(400, `invalid_blocks: ${fault}`)
    return { taken: message, answer: { status: 200, body: 'ok', headers: { 'content-type': 'text/html' } } }
  }
}

function blockFault({ type, text, fields, elements }: Block): string | null {
  switch (type) {
    case 'header':
      return text?.type === 'plain_text' ? textFault(text, HEADER_MOST) : 'a header is plain text'
    case 'section':
      if (text === undefined && fields === undefined) return 'a section without text'
      if (fields !== undefined && (fields.length === 0 || fields.length > FIELDS_MOST))
        return 'number of fields'
      return (
        (text === undefined ? null : textFault(text, SECTION_MOST)) ??
        (fields ?? []).map(field => textFault(field, FIELD_MOST)).find(found => found !== null) ??
        null
      )
    case 'context':
      if (elements === undefined || elements.length === 0 || elements.length > ELEMENTS_MOST)
        return 'number of elements'
      return elements.map(element => textFault(element, SECTION_MOST)).find(found => found !== null) ?? null
    case 'divider':
      return null
    default:
      return `block ${String(type)}`
  }
}

function textFault({ type, text, emoji }: TextObject, most: number): string | null {
  if (type !== 'mrkdwn' && type !== 'plain_text') return `text of type ${String(type)}`
  if (emoji !== undefined && type !== 'plain_text') return 'emoji is of plain text'
  if (typeof text !== 'string' || text.length === 0) return 'empty text'
  if (text.length > most) return `text of ${text.length}, more than ${most}`
  return type === 'mrkdwn' ? marksFault(text) : null
}

/** Where `<`, `>` and `&` mean something, they may only be Slack's marks: links, mentions of one member, and escapes. */
function marksFault(text: string): string | null {
  const rest = text.replace(/<(?:https?:\/\/[^<>|\s]+(?:\|[^<>|]+)?|@[UW][A-Z0-9]+)>/g, '')
  if (/[<>]/.test(rest)) return 'an unescaped mark'
  return /&(?!(?:amp|lt|gt);)/.test(text) ? 'an unescaped &' : null
}
