// The people of a running shop: its administrator, a sales channel, members and guests, each with typed clients.

import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { vi } from 'vitest'
import { accountContract } from '../../modules/account/contract.ts'
import { bestsellerContract } from '../../modules/bestseller/contract.ts'
import { couponContract } from '../../modules/coupon/contract.ts'
import { ladderContract } from '../../modules/ladder/contract.ts'
import { orderContract } from '../../modules/order/contract.ts'
import { paymentContract } from '../../modules/payment/contract.ts'
import { pointContract } from '../../modules/point/contract.ts'
import { productContract } from '../../modules/product/contract.ts'
import type { Result } from '../../platform/contract/result.ts'
import { type Client, createClient } from '../../platform/http/client.ts'
import { createSender, type Sender } from '../../platform/http/send.ts'
import { decidedClaims } from './decided-claims.ts'
import type { RunningShop, ShopPlace } from './shop.ts'

/** Connections of one person: as many as a test sends at once. */
const CONNECTIONS = 128
/** Between looks for a mail, ms: the shop that writes it has the same two cores. */
const MAIL_LOOK_MS = 10

export interface Person {
  readonly authorization: string
  readonly account: Client<typeof accountContract>
  readonly product: Client<typeof productContract>
  readonly order: Client<typeof orderContract>
  readonly payment: Client<typeof paymentContract>
  readonly point: Client<typeof pointContract>
  readonly coupon: Client<typeof couponContract>
  readonly bestseller: Client<typeof bestsellerContract>
  readonly ladder: Client<typeof ladderContract>
}

export interface Member extends Person {
  readonly memberId: string
}

/** The value of a success; a refusal fails the test with what it said. */
export function must<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.refusal.code}: ${result.refusal.detail}`)
  return result.value
}

export const codeOf = (result: Result<unknown>): string => (result.ok ? 'ok' : result.refusal.code)

export class People {
  private readonly url: string
  private readonly sender: Sender
  private readonly dataFolder: string
  private made = 0

  private constructor(place: ShopPlace, shop: RunningShop) {
    this.url = shop.url
    this.sender = createSender(new URL(shop.url), CONNECTIONS)
    this.dataFolder = place.env.LEVEE_DATA_FOLDER!
  }

  static of(place: ShopPlace, shop: RunningShop): People {
    return new People(place, shop)
  }

  person(authorization: string): Person {
    const options = {
      baseUrl: this.url,
      sender: this.sender,
      ...(authorization === '' ? {} : { authorization }),
    }
    return {
      authorization,
      account: createClient(accountContract, options),
      product: createClient(productContract, options),
      order: createClient(orderContract, options),
      payment: createClient(paymentContract, options),
      point: createClient(pointContract, options),
      coupon: decidedClaims(createClient(couponContract, options)),
      bestseller: createClient(bestsellerContract, options),
      ladder: createClient(ladderContract, options),
    }
  }

  nobody(): Person {
    return this.person('')
  }

  guest(): Person {
    return this.person(`Guest guest-${process.pid}-${this.made++}-0123456789`)
  }

  async signIn(credentials: { email: string; password: string }): Promise<Person> {
    const session = must(await this.nobody().account.signIn(credentials))
    return this.person(`Bearer ${session.token}`)
  }

  /** A channel with a key of its own. */
  async channel(administrator: Person): Promise<Person & { channelId: string }> {
    const { channelId } = must(await administrator.account.createChannel({ name: `channel ${this.made++}` }))
    const { key } = must(await administrator.account.issueChannelKey({ channelId }))
    return { ...this.person(`Channel ${key}`), channelId }
  }

  /** Registers, confirms by the token of the mail, signs in: as a person does. */
  async member(): Promise<Member & { email: string; password: string }> {
    const email = `member-${process.pid}-${this.made++}@example.org`
    const password = `a long pass phrase ${this.made}`
    must(await this.nobody().account.register({ email, password }))
    const token = await this.tokenFor(email)
    must(await this.nobody().account.confirmEmail({ token }))
    const person = await this.signIn({ email, password })
    const { id: memberId } = must(await person.account.me({}))
    return { ...person, memberId, email, password }
  }

  /** The token in the newest mail to this address, as soon as it has come. */
  private tokenFor(email: string): Promise<string> {
    const folder = path.join(this.dataFolder, 'mail')
    const look = (): string => {
      for (const file of mailsIn(folder)) {
        const text = readFileSync(path.join(folder, file), 'utf8')
        const found =
          text.includes(email) && /token=3D([A-Za-z0-9_=\r\n-]{43,60})|token=([A-Za-z0-9_-]{43})/.exec(text)
        if (found) return (found[2] ?? found[1]!.replace(/=\r?\n/g, '')).slice(0, 43)
      }
      throw new Error(`no mail to ${email}`)
    }
    return vi.waitFor(look, { timeout: 10_000, interval: MAIL_LOOK_MS })
  }
}

function mailsIn(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter(name => name.endsWith('.eml'))
      .reverse()
  } catch {
    return [] // no mail was ever sent: the folder is made with the first
  }
}
