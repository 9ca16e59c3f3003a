// All services at once, and the channels that go to them.

import type { Channel } from '../../../operator/alerting/channels/channel.ts'
import { createEmail } from '../../../operator/alerting/channels/email.ts'
import { createPagerduty } from '../../../operator/alerting/channels/pagerduty.ts'
import { Secret } from '../../../operator/alerting/channels/secret.ts'
import { createSlack } from '../../../operator/alerting/channels/slack.ts'
import { createTwilioCall } from '../../../operator/alerting/channels/twilio-call.ts'
import { createTwilioSms } from '../../../operator/alerting/channels/twilio-sms.ts'
import { createWebhook } from '../../../operator/alerting/channels/webhook.ts'
import type { ChannelName } from '../../../operator/alerting/routes.ts'
import type { MailPort } from '../../../platform/mail/mail-port.ts'
import { openSmtpMail } from '../../../platform/mail/smtp-mail.ts'
import { PagerdutyReceiver, ROUTING_KEY } from './pagerduty.ts'
import { SLACK_PATH, SlackReceiver } from './slack.ts'
import { SmtpReceiver } from './smtp.ts'
import { ACCOUNT, AUTH_TOKEN, FROM, TwilioReceiver } from './twilio.ts'
import { WEBHOOK_SECRET, WebhookReceiver } from './webhook.ts'

const ZONE = 'Asia/Seoul'

export interface Urls {
  readonly slack: string
  readonly pagerduty: string
  readonly twilio: string
  readonly webhook: string
}

/** `most`: longest time for one call, ms. The mail port is the caller's to close. */
export function channelsTo(
  urls: Urls,
  mail: MailPort,
  most: number,
  clock: () => number = Date.now,
): Map<ChannelName, Channel> {
  const twilio = {
    accountSid: ACCOUNT,
    authToken: new Secret(AUTH_TOKEN),
    from: FROM,
    baseUrl: urls.twilio,
    timeZone: ZONE,
    clock,
    most,
  }
  const all = [
    createSlack({ url: new Secret(`${urls.slack}${SLACK_PATH}`), timeZone: ZONE, clock, most }),
    createPagerduty({
      routingKey: new Secret(ROUTING_KEY),
      baseUrl: urls.pagerduty,
      source: 'levee',
      clock,
      most,
    }),
    createTwilioSms(twilio),
    createTwilioCall(twilio),
    createEmail({ mail, timeZone: ZONE, most }),
    createWebhook({
      url: new Secret(`${urls.webhook}/hooks/secret-place?key=hidden-word`),
      secret: new Secret(WEBHOOK_SECRET),
      clock,
      most,
    }),
  ]
  return new Map(all.map(channel => [channel.name, channel]))
}

export class Receivers {
  readonly slack = new SlackReceiver()
  readonly pagerduty = new PagerdutyReceiver()
  readonly twilio = new TwilioReceiver()
  readonly webhook = new WebhookReceiver()
  readonly smtp = new SmtpReceiver()
  private mail: MailPort | null = null

  async open(): Promise<this> {
    const { slack, pagerduty, twilio, webhook, smtp } = this
    await Promise.all([slack.open(), pagerduty.open(), twilio.open(), webhook.open(), smtp.open()])
    return this
  }

  channels(most: number, clock?: () => number): Map<ChannelName, Channel> {
    const { slack, pagerduty, twilio, webhook, smtp } = this
    this.mail ??= openSmtpMail(smtp.url, 'Levee <operator@example.com>', most)
    const urls = { slack: slack.url, pagerduty: pagerduty.url, twilio: twilio.url, webhook: webhook.url }
    return channelsTo(urls, this.mail, most, clock)
  }

  get violations(): string[] {
    const { slack, pagerduty, twilio, webhook, smtp } = this
    return [slack, pagerduty, twilio, webhook, smtp].flatMap(({ violations }) => violations)
  }

  async close(): Promise<void> {
    await this.mail?.close()
    const { slack, pagerduty, twilio, webhook, smtp } = this
    await Promise.all([slack.close(), pagerduty.close(), twilio.close(), webhook.close(), smtp.close()])
  }
}
