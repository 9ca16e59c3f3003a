// What a person reads when the shop is open.

/** `more`: what other commands need too, to be about the same ledger. */
export function welcome(
  url: string,
  administrator: { email: string; password: string } | null,
  more: string,
): void {
  const lines = [`Levee is open on ${url}`, '']
  if (administrator !== null) {
    lines.push('The administrator, shown this once:')
    lines.push(`  e-mail    ${administrator.email}`, `  password  ${administrator.password}`, '')
  }
  lines.push('Try:')
  lines.push(`  curl "${url}/v1/products?q=heart"`)
  lines.push(`  curl ${url}/v1/products/85123A`)
  lines.push(`  npx --no levee verify${more}`)
  lines.push(
    '',
    `The API with every operation: ${url}/docs`,
    'Ctrl-C stops it: what was accepted is finished first.',
  )
  console.log(lines.join('\n'))
}
