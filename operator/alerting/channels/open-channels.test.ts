import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { ROUTING_KEY } from '../../../tests/support/receivers/pagerduty.ts'
import { ACCOUNT, AUTH_TOKEN, FROM } from '../../../tests/support/receivers/twilio.ts'
import { WEBHOOK_SECRET } from '../../../tests/support/receivers/webhook.ts'
import { openChannels } from './open-channels.ts'
import { Secret } from './secret.ts'

const SLACK_URL = 'https://hooks.slack.com/services/T0/B0/very-secret-place'
const TWILIO = {
  LEVEE_ALERT_TWILIO_ACCOUNT: ACCOUNT,
  LEVEE_ALERT_TWILIO_TOKEN: AUTH_TOKEN,
  LEVEE_ALERT_TWILIO_FROM: FROM,
}
const open = (env: Readonly<Record<string, string>>, files: Readonly<Record<string, string>> = {}) => {
  const opened = openChannels({
    env,
    readFile: path => {
      const text = files[path]
      if (text === undefined) throw Object.assign(new Error(`ENOENT: ${path}`), { code: 'ENOENT' })
      return text
    },
    mail: null,
    timeZone: 'Asia/Seoul',
    clock: Date.now,
    source: 'levee',
  })
  return { names: [...opened.channels.keys()], ...opened }
}

test('nothing set up is no channel and no problem', () => {
  expect(open({})).toMatchObject({ names: [], problems: [] })
})

test('each channel is set up by its variables, or by the files they name', () => {
  expect(open(TWILIO).names).toEqual(['sms', 'call'])
  expect(open({ LEVEE_ALERT_PAGERDUTY_KEY: ROUTING_KEY }).names).toEqual(['pagerduty'])
  const files = { '/run/secrets/slack': `${SLACK_URL}\n` }
  expect(open({ LEVEE_ALERT_SLACK_URL_FILE: '/run/secrets/slack' }, files)).toMatchObject({
    names: ['slack'],
    problems: [],
  })
  const webhook = {
    LEVEE_ALERT_WEBHOOK_URL: 'https://a.example/x',
    LEVEE_ALERT_WEBHOOK_SECRET: WEBHOOK_SECRET,
  }
  expect(open(webhook)).toMatchObject({ names: ['webhook'], problems: [] })
})

test('half a channel, a file that is not there and a URL that is none are told, without what is in them', () => {
  expect(open({ LEVEE_ALERT_TWILIO_TOKEN: AUTH_TOKEN }).problems).toEqual([
    'LEVEE_ALERT_TWILIO_ACCOUNT, LEVEE_ALERT_TWILIO_FROM: missing, while LEVEE_ALERT_TWILIO_TOKEN is set',
  ])
  expect(open({ LEVEE_ALERT_SLACK_URL_FILE: '/nowhere' }).problems).toEqual([
    'LEVEE_ALERT_SLACK_URL_FILE: cannot be read (ENOENT)',
  ])
  expect(open({ LEVEE_ALERT_SLACK_URL: 'very-secret-place' }).problems).toEqual([
    'LEVEE_ALERT_SLACK_URL: is no URL',
  ])
  const short = {
    LEVEE_ALERT_WEBHOOK_URL: 'https://a.example/x',
    LEVEE_ALERT_WEBHOOK_SECRET: 'whsec_c2hvcnQ=',
  }
  expect(open(short).problems).toEqual([expect.stringContaining('24 to 64 bytes')])
})

test('a secret is shown by nothing', () => {
  const secret = new Secret('very-secret-place')
  const shown = [
    String(secret),
    `${secret}`,
    JSON.stringify({ secret }),
    inspect({ secret }, { depth: 9, showHidden: true }),
  ]
  for (const text of shown) expect(text).not.toContain('very-secret-place')
  expect(secret.hideIn('at very-secret-place!')).toBe('at [secret]!')
  const { channels } = open({ LEVEE_ALERT_SLACK_URL: SLACK_URL, ...TWILIO })
  expect(inspect([...channels.values()], { depth: 9, showHidden: true })).not.toContain('very-secret-place')
})
