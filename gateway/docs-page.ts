// `/openapi.json`, and `/docs` where it can be browsed and tried out.

import type { FastifyInstance, FastifyReply } from 'fastify'
import { swaggerUiFile } from '../platform/http/swagger-ui.ts'

/** Seconds that a browser may keep what changes only with a new version. */
const MAX_AGE_S = 3_600

/** Nothing from elsewhere. Styles are written into elements by Swagger UI, images come from its style sheet. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
  "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

const PAGE = `<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>Levee API</title>
  <link rel="stylesheet" href="/docs/swagger-ui.css">
  <link rel="icon" type="image/png" href="/docs/favicon-32x32.png">
</head>
<body>
  <div id="page"></div>
  <script src="/docs/swagger-ui-bundle.js"></script>
  <script src="/docs/start.js"></script>
</body>
</html>
`

/** Not inline, so that the policy can forbid inline scripts. */
const START = `SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#page',
  docExpansion: 'list',
  defaultModelsExpandDepth: -1,
  displayRequestDuration: true,
  filter: true,
  validatorUrl: null,
})
`

/** `document` is called once, when somebody first asks. */
export function serveDocs(app: FastifyInstance, document: () => unknown): void {
  let json: string | null = null
  app.get('/openapi.json', (_request, reply) => {
    json ??= JSON.stringify(document())
    return send(reply, 'application/json; charset=utf-8', json)
  })
  app.get('/docs', (_request, reply) => send(reply, 'text/html; charset=utf-8', PAGE))
  app.get('/docs/start.js', (_request, reply) => send(reply, 'text/javascript; charset=utf-8', START))
  app.get<{ Params: { file: string } }>('/docs/:file', async (request, reply) => {
    const file = await swaggerUiFile(request.params.file)
    if (file === null) return reply.callNotFound()
    return send(reply, file.type, file.content, MAX_AGE_S)
  })
}

function send(reply: FastifyReply, type: string, body: string | Buffer, maxAge = 0): FastifyReply {
  return reply
    .headers({
      'content-type': type,
      'cache-control': maxAge > 0 ? `public, max-age=${maxAge}` : 'no-cache',
      'content-security-policy': POLICY,
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    })
    .send(body)
}
