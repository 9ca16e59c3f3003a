import { expect, test } from 'vitest'
import { money, type OrderMail, render } from './templates.ts'

const link = (orderId: string) => `https://shop.example/orders/${orderId}?secret=abc`
const order: OrderMail = {
  orderId: 'o-1',
  currency: 'GBP',
  paid: 1250,
  lines: Array.from({ length: 53 }, () => ({ productId: '85123A', quantity: 2, revenue: 510 })),
}

test.each(['order.placed', 'order.paid', 'order.cancelled', 'order.refunded'])(
  '%s speaks both languages, names the order and its lines, and lets a guest in',
  template => {
    const { subject, text } = render(template, JSON.stringify(order), link)
    expect(subject).toMatch(/o-1 .*\/ 주문 o-1/)
    expect(text.split('2 × 85123A   £5.10')).toHaveLength(51)
    expect(text).toContain('(+ 3)')
    expect(text.split(link('o-1'))).toHaveLength(3)
    expect(text).toMatch(/[가-힣]/)
  },
)

test('a member gets no secret link', () => {
  const { text } = render('order.paid', JSON.stringify({ ...order, memberId: 'm-1' }), link)
  expect(text).not.toContain('secret')
  expect(text).toContain('£12.50')
})

test('what is given back may be less than was paid', () => {
  const { text } = render('order.refunded', JSON.stringify({ ...order, amount: 300 }), link)
  expect(text).toContain('£3.00')
})

test.each(['confirm', 'reset'])('%s carries its link in both languages', template => {
  const data = { name: '김민준', link: 'https://shop.example/x?token=t0ken', token: 't0ken' }
  const { text } = render(template, JSON.stringify(data), link)
  expect(text.split(data.link)).toHaveLength(3)
})

test('a mail that there is not is a bug', () => {
  expect(() => render('birthday', '{}', link)).toThrow('there is no mail birthday')
})

test.each([
  [1250, 'GBP', '£12.50'],
  [1250, 'KRW', '₩1,250'],
  [0, 'GBP', '£0.00'],
])('%i of %s is %s', (minor, currency, text) => {
  expect(money(minor, { currency })).toBe(text)
})
