// What mails say, in English and Korean, both in each mail. Written when a mail is sent, so the queue holds
// little, and a corrected text reaches those that wait.

import { invariant } from '../../platform/contract/result.ts'

/** Data of `confirm` and `reset`. */
export interface LetterMail {
  readonly name: string | null
  readonly link: string
  readonly token: string
}

/** Data of the mails about orders: what is read of the event. Money in minor units. */
export interface OrderMail {
  readonly orderId: string
  /** None: a guest, who has no account to look into, so the mail carries the secret link. */
  readonly memberId?: string | null
  readonly currency: string
  /** To pay, or paid; */
  readonly paid: number
  /** where there is one: what is given back. */
  readonly amount?: number
  readonly lines: readonly {
    readonly productId: string
    readonly quantity: number
    readonly revenue: number
  }[]
}

/** Lines that a mail shows; the longest order has hundreds. */
const LINES_SHOWN = 50

export interface Text {
  readonly subject: string
  readonly text: string
}

type Words = (mail: OrderMail, amount: string) => { readonly subject: string; readonly body: string }

const orders: Readonly<Record<string, { readonly en: Words; readonly ko: Words }>> = {
  'order.placed': {
    en: ({ orderId }, amount) => ({
      subject: `Your order ${orderId}`,
      body: `We have received your order ${orderId}. To pay: ${amount}.`,
    }),
    ko: ({ orderId }, amount) => ({
      subject: `주문 ${orderId} 접수`,
      body: `주문이 접수되었습니다. 주문 번호: ${orderId}. 결제하실 금액: ${amount}.`,
    }),
  },
  'order.paid': {
    en: ({ orderId }, amount) => ({
      subject: `Payment received for order ${orderId}`,
      body: `Thank you. We have received ${amount} for your order ${orderId}.`,
    }),
    ko: ({ orderId }, amount) => ({
      subject: `주문 ${orderId} 결제 완료`,
      body: `감사합니다. 결제가 완료되었습니다. 주문 번호: ${orderId}. 결제 금액: ${amount}.`,
    }),
  },
  'order.cancelled': {
    en: ({ orderId }) => ({
      subject: `Order ${orderId} cancelled`,
      body: `Your order ${orderId} is cancelled. Nothing was charged.`,
    }),
    ko: ({ orderId }) => ({
      subject: `주문 ${orderId} 취소`,
      body: `주문이 취소되었습니다. 주문 번호: ${orderId}. 결제된 금액은 없습니다.`,
    }),
  },
  'order.refunded': {
    en: ({ orderId }, amount) => ({
      subject: `Refund for order ${orderId}`,
      body: `We give back ${amount} of your order ${orderId}, the same way as you paid.`,
    }),
    ko: ({ orderId }, amount) => ({
      subject: `주문 ${orderId} 환불`,
      body: `결제하신 수단으로 환불해 드립니다. 주문 번호: ${orderId}. 환불 금액: ${amount}.`,
    }),
  },
}

const letters: Readonly<Record<string, (mail: LetterMail) => Text>> = {
  confirm: ({ name, link, token }) => ({
    subject: 'Confirm your e-mail address / 이메일 주소 확인',
    text: page(
      `Hello${name === null ? '' : ` ${name}`},\n\nplease confirm your e-mail address within 24 hours:\n\n${link}\n\n` +
        `The token by itself: ${token}\n\nIf you did not register, do nothing.`,
      `${name === null ? '' : `${name} 님, `}안녕하세요.\n\n24시간 안에 이메일 주소를 확인해 주세요:\n\n${link}\n\n` +
        `토큰: ${token}\n\n가입하지 않으셨다면 이 메일을 무시해 주세요.`,
    ),
  }),
  reset: ({ link, token }) => ({
    subject: 'Reset your password / 비밀번호 재설정',
    text: page(
      `Somebody, hopefully you, asked to reset your password. You can do so within one hour:\n\n${link}\n\n` +
        `The token by itself: ${token}\n\nIf it was not you, do nothing: your password stays as it is.`,
      `비밀번호 재설정이 요청되었습니다. 한 시간 안에 아래 링크에서 재설정하실 수 있습니다:\n\n${link}\n\n` +
        `토큰: ${token}\n\n요청하지 않으셨다면 이 메일을 무시해 주세요. 비밀번호는 그대로입니다.`,
    ),
  }),
}

/** `orderLink` gives the secret link to a guest's order. Throws for data that are none of ours. */
export function render(template: string, data: string, orderLink: (orderId: string) => string): Text {
  const letter = letters[template]
  if (letter !== undefined) return letter(JSON.parse(data) as LetterMail)
  const words = orders[template]
  invariant(words !== undefined, `there is no mail ${template}`)
  const mail = JSON.parse(data) as OrderMail
  const amount = money(mail.amount ?? mail.paid, mail)
  const [en, ko] = [words.en(mail, amount), words.ko(mail, amount)]
  const list = lineList(mail)
  const link = (mail.memberId ?? null) === null ? orderLink(mail.orderId) : null
  return {
    subject: `${en.subject} / ${ko.subject}`,
    text: page(
      `${en.body}\n\n${list}${link === null ? '' : `\n\nYour order, without signing in:\n${link}`}`,
      `${ko.body}${link === null ? '' : `\n\n로그인 없이 주문 보기:\n${link}`}`,
    ),
  }
}

function lineList(mail: OrderMail): string {
  const shown = mail.lines.slice(0, LINES_SHOWN)
  const lines = shown.map(
    ({ quantity, productId, revenue }) => `${quantity} × ${productId}   ${money(revenue, mail)}`,
  )
  const more = mail.lines.length - shown.length
  return [...lines, ...(more > 0 ? [`(+ ${more})`] : [])].join('\n')
}

const page = (en: string, ko: string): string => `${en}\n\n— — —\n\n${ko}\n\nLevee\n`

/** Minor units as people write them: 1250 pence are `£12.50`, 1250 won are `₩1,250`. */
export function money(minor: number, { currency }: { readonly currency: string }): string {
  const format = new Intl.NumberFormat('en-GB', { style: 'currency', currency })
  const digits = format.resolvedOptions().maximumFractionDigits ?? 2
  return format.format(minor / 10 ** digits)
}
