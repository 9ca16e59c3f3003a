// Twilio's Messages and Calls, by its published parameters and error codes.

import { type Answer, type Call, json, Receiver } from './receiver.ts'

export interface TwilioTaken {
  readonly resource: 'Messages' | 'Calls'
  readonly to: string
  readonly from: string
  /** Of a message. */
  readonly body: string
  /** Of a call. */
  readonly twiml: string
}

export const ACCOUNT = 'AC0123456789abcdef0123456789abcdef'
export const AUTH_TOKEN = 'fedcba9876543210fedcba9876543210'
export const FROM = '+15005550006'

const FIELDS: Readonly<Record<TwilioTaken['resource'], ReadonlySet<string>>> = {
  Messages: new Set(['To', 'From', 'Body', 'StatusCallback', 'MessagingServiceSid']),
  Calls: new Set(['To', 'From', 'Twiml', 'Timeout', 'Url', 'StatusCallback']),
}

export class TwilioReceiver extends Receiver<TwilioTaken> {
  /** What the answer says of the message or call. */
  status = 'queued'

  protected override judge({ method, path, headers, body }: Call) {
    const no = (status: number, code: number, message: string): Answer =>
      this.wrong(
        message,
        json(status, { code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status }),
      )
    const place = /^\/2010-04-01\/Accounts\/(\w+)\/(Messages|Calls)\.json$/.exec(path)
    if (method !== 'POST' || place === null) return no(404, 20404, 'The requested resource was not found')
    const identity = `Basic ${Buffer.from(`${ACCOUNT}:${AUTH_TOKEN}`).toString('base64')}`
    if (place[1] !== ACCOUNT || headers.authorization !== identity) return no(401, 20003, 'Authenticate')
    if (headers['content-type'] !== 'application/x-www-form-urlencoded') return no(400, 20001, 'not a form')
    const resource = place[2] as TwilioTaken['resource']
    const form = new URLSearchParams(body)
    const unknown = [...form.keys()].find(name => !FIELDS[resource].has(name) || form.getAll(name).length > 1)
    if (unknown !== undefined) return no(400, 20001, `parameter ${unknown}`)
    const [to, from] = [form.get('To') ?? '', form.get('From') ?? '']
    if (!/^\+[1-9]\d{4,14}$/.test(to)) return no(400, 21211, `The 'To' number is not valid`)
    if (from !== FROM) return no(400, 21212, `The 'From' number is not valid`)
    const [text, twiml] = [form.get('Body') ?? '', form.get('Twiml') ?? '']
    if (resource === 'Messages' && text === '') return no(400, 21602, 'Message body is required.')
    if (text.length > 1_600)
      return no(400, 21617, 'The concatenated message body exceeds the 1600 character limit.')
    if (resource === 'Calls') {
      const fault = twimlFault(twiml)
      if (fault !== null) return no(400, 21205, fault)
      const ring = form.get('Timeout')
      if (ring !== null && !(/^\d+$/.test(ring) && Number(ring) <= 600)) return no(400, 20001, 'Timeout')
    }
    const taken = { resource, to, from, body: text, twiml }
    const sid = `${resource === 'Messages' ? 'SM' : 'CA'}${String(this.taken.length).padStart(32, '0')}`
    return { taken, answer: json(201, { sid, status: this.status, error_code: null, error_message: null }) }
  }
}

const VERBS: Readonly<Record<string, readonly string[]>> = {
  Response: [],
  Gather: ['input', 'numDigits', 'timeout', 'method', 'action'],
  Say: ['language', 'loop', 'voice'],
}
const INSIDE: Readonly<Record<string, readonly string[]>> = {
  '': ['Response'],
  Response: ['Gather', 'Say'],
  Gather: ['Say'],
  Say: [],
}

/** Well-formed XML of the verbs that are known here, each where it may stand. */
export function twimlFault(twiml: string): string | null {
  if (twiml === '') return 'Url or Twiml is required'
  if (twiml.length > 4_000) return 'Twiml size exceeded maximum allowed value of 4000 characters'
  const open: string[] = []
  const pieces = twiml
    .replace(/^<\?xml [^<>]*\?>/, '')
    .matchAll(/<(\/?)(\w+)((?:\s+\w+="[^"<>]*")*)\s*>|([^<>]+)|(.)/gs)
  for (const [, closing, verb = '', attributes = '', text, stray] of pieces) {
    if (stray !== undefined) return 'is no XML'
    if (/&(?!(?:amp|lt|gt|quot|apos);)/.test(text ?? attributes)) return 'an unescaped &'
    const around = open.at(-1) ?? ''
    if (text !== undefined) {
      if (around !== 'Say') return `text in ${around}`
    } else if (closing === '/') {
      if (open.pop() !== verb) return `</${verb}> closes ${around}`
    } else {
      if (!INSIDE[around]?.includes(verb)) return `${verb} in ${around}`
      const strange = [...attributes.matchAll(/\s(\w+)="/g)].find(
        ([, name = '']) => !VERBS[verb]?.includes(name),
      )
      if (strange !== undefined) return `${strange[1]} of ${verb}`
      open.push(verb)
    }
  }
  return open.length === 0 ? null : `${open.at(-1)} is not closed`
}
