// The channels that are set up: by variables of the environment, or by files that those name (`…_FILE`), as orchestrators mount them.

import type { MailPort } from '../../../platform/mail/mail-port.ts'
import type { ChannelName } from '../routes.ts'
import type { Channel } from './channel.ts'
import { createEmail } from './email.ts'
import { createPagerduty } from './pagerduty.ts'
import { Secret } from './secret.ts'
import { createSlack } from './slack.ts'
import type { TwilioSettings } from './twilio.ts'
import { createTwilioCall } from './twilio-call.ts'
import { createTwilioSms } from './twilio-sms.ts'
import { createWebhook } from './webhook.ts'

export interface ChannelPlaces {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Text of a file; throws where there is none. */
  readonly readFile: (path: string) => string
  /** Null: no mails. */
  readonly mail: MailPort | null
  readonly timeZone: string
  readonly clock: () => number
  /** How the shop calls itself. */
  readonly source: string
}

export interface OpenedChannels {
  readonly channels: ReadonlyMap<ChannelName, Channel>
  /** One sentence for each channel that is set up by half, or wrongly. No value is repeated. */
  readonly problems: readonly string[]
}

export function openChannels(places: ChannelPlaces): OpenedChannels {
  const { mail, timeZone, clock, source } = places
  const channels = new Map<ChannelName, Channel>()
  const problems: string[] = strangers(places.env)
  const ask = new Variables(places, problems)

  /** A channel with all it needs, or none; with a part of it, a problem. */
  const open = (needed: readonly string[], make: () => readonly Channel[]): void => {
    const missing = needed.filter(name => ask.secret(name) === null)
    if (missing.length === needed.length) return
    if (missing.length > 0) {
      problems.push(
        `${missing.join(', ')}: missing, while ${needed.find(name => !missing.includes(name))} is set`,
      )
      return
    }
    try {
      for (const channel of make()) channels.set(channel.name, channel)
    } catch (error) {
      // Of a URL that is none, Node repeats the text: that may be the secret.
      const { message, name } = error as Error
      problems.push(`${needed.join(', ')}: ${name === 'TypeError' ? 'is no URL' : message}`)
    }
  }

  open(['LEVEE_ALERT_SLACK_URL'], () => [
    createSlack({ url: ask.must('LEVEE_ALERT_SLACK_URL'), timeZone, clock }),
  ])
  open(['LEVEE_ALERT_PAGERDUTY_KEY'], () => [
    createPagerduty({
      routingKey: ask.must('LEVEE_ALERT_PAGERDUTY_KEY'),
      baseUrl: ask.plain('LEVEE_ALERT_PAGERDUTY_BASE', 'https://events.pagerduty.com'),
      source,
      clock,
    }),
  ])
  open(['LEVEE_ALERT_TWILIO_ACCOUNT', 'LEVEE_ALERT_TWILIO_TOKEN', 'LEVEE_ALERT_TWILIO_FROM'], () => {
    const twilio: TwilioSettings = {
      accountSid: ask.must('LEVEE_ALERT_TWILIO_ACCOUNT').reveal(),
      authToken: ask.must('LEVEE_ALERT_TWILIO_TOKEN'),
      from: ask.must('LEVEE_ALERT_TWILIO_FROM').reveal(),
      baseUrl: ask.plain('LEVEE_ALERT_TWILIO_BASE', 'https://api.twilio.com'),
      timeZone,
      clock,
    }
    return [createTwilioSms(twilio), createTwilioCall(twilio)]
  })
  open(['LEVEE_ALERT_WEBHOOK_URL', 'LEVEE_ALERT_WEBHOOK_SECRET'], () => [
    createWebhook({
      url: ask.must('LEVEE_ALERT_WEBHOOK_URL'),
      secret: ask.must('LEVEE_ALERT_WEBHOOK_SECRET'),
      clock,
    }),
  ])
  if (mail !== null) channels.set('email', createEmail({ mail, timeZone }))
  return { channels, problems }
}

/** All that may be set; each also as `…_FILE`. */
const VARIABLES: ReadonlySet<string> = new Set(
  [
    'SLACK_URL',
    'PAGERDUTY_KEY',
    'PAGERDUTY_BASE',
    'TWILIO_ACCOUNT',
    'TWILIO_TOKEN',
    'TWILIO_FROM',
    'TWILIO_BASE',
    'WEBHOOK_URL',
    'WEBHOOK_SECRET',
  ].map(name => `LEVEE_ALERT_${name}`),
)

/** One sentence for each variable of this kind that is none. */
function strangers(env: ChannelPlaces['env']): string[] {
  return Object.keys(env)
    .filter(name => name.startsWith('LEVEE_ALERT_') && !VARIABLES.has(name.replace(/_FILE$/, '')))
    .map(name => `${name}: is no variable of a channel`)
}

class Variables {
  private readonly places: ChannelPlaces
  private readonly problems: string[]
  private readonly known = new Map<string, Secret | null>()

  constructor(places: ChannelPlaces, problems: string[]) {
    this.places = places
    this.problems = problems
  }

  secret(name: string): Secret | null {
    let secret = this.known.get(name)
    if (secret === undefined) {
      const text = this.read(name).trim()
      secret = text === '' ? null : new Secret(text)
      this.known.set(name, secret)
    }
    return secret
  }
  must(name: string): Secret {
    const secret = this.secret(name)
    if (secret === null) throw new Error(`${name} is missing`)
    return secret
  }
  plain(name: string, otherwise: string): string {
    return this.places.env[name]?.trim() || otherwise
  }

  private read(name: string): string {
    const { env, readFile } = this.places
    const file = env[`${name}_FILE`]
    if (file === undefined || file === '') return env[name] ?? ''
    try {
      return readFile(file)
    } catch (error) {
      this.problems.push(
        `${name}_FILE: cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`,
      )
      return ''
    }
  }
}
