// SPDX-License-Identifier: MIT
// The app beside the sidecar: every handler route the recorded cases use, and a log of the requests it got.
import http from 'node:http';
import zlib from 'node:zlib';

const JSON_TYPE = { 'content-type': 'application/json' };

const README_ERROR = {
  name: 'MoleculerClientError',
  message: 'Some user input is not valid',
  code: 400,
  type: 'INVALID_INPUT',
  data: { action: 'posts.list', params: { limit: 'asd' } },
};

const json = (status, value, headers = {}) => (req, res) => {
  res.writeHead(status, { ...JSON_TYPE, ...headers });
  res.end(typeof value === 'string' ? value : JSON.stringify(value));
};
const text = (status, type, body) => (req, res) => {
  res.writeHead(status, type ? { 'content-type': type } : {});
  res.end(body);
};
const raw = (bytes, end = 'end') => (req, res) => {
  const socket = res.socket;
  socket.write(bytes, () => {
    if (end === 'end') socket.end();
    else if (end === 'reset') setTimeout(() => socket.resetAndDestroy(), 20);
  });
};
const redirect = (status, location) => (req, res) => {
  const headers = location ? { location: location(req) } : {};
  res.writeHead(status, headers);
  res.end();
};
const packed = (encoding, pack, word) => (req, res) => {
  res.writeHead(200, { ...JSON_TYPE, 'content-encoding': encoding });
  res.end(pack(JSON.stringify({ response: word })));
};
const error = (status, value) => json(status, { error: value });
const later = (ms, then) => (req, res, seen) => setTimeout(() => then(req, res, seen), ms);

const echo = (req, res, seen) => {
  let response;
  try {
    response = JSON.parse(seen.body);
  } catch {
    response = { unparsed: seen.body, method: req.method };
  }
  json(200, { response })(req, res);
};
const echo2 = (req, res, seen) => json(200, { response: { method: req.method, body: seen.body } })(req, res);

/* Two of three calls fail; the error's own words decide whether a caller may retry. */
const flaky = (fault) => {
  let calls = 0;
  return (req, res) => {
    calls++;
    if (calls % 3) error(503, fault)(req, res);
    else json(200, { response: { attempts: calls } })(req, res);
  };
};

const AGAIN = { name: 'MoleculerRetryableError', message: 'again', code: 503, type: 'AGAIN', retryable: true };
const AGAIN_SILENT = { message: 'again', code: 503, type: 'AGAIN' };

function answerRoutes() {
  let count = 0;
  const slow = (ms) => later(ms, json(200, { response: 'slow' }));
  return {
    '/ok/hello': json(200, { response: 'Hello from external' }),
    '/e/slow': slow(700),
    '/e/flaky': flaky(AGAIN),
    '/e/count': (req, res) => json(200, { response: ++count })(req, res),
    '/e/fail': error(500, { message: 'down' }),
    '/l/slow': slow(1000),
    '/ev/slow': later(600, json(200, {})),
  };
}

function mapRoutes() {
  const routes = {
    echo, echo2,
    meta: json(200, { response: 1, meta: { fromExt: true, user: { id: 99 } } }),
    metaStatus: json(200, { response: 1, meta: { $statusCode: 201, $responseHeaders: { 'X-From-Ext': '1' } } }),
    metaString: json(200, { response: 1, meta: 'abc' }),
    metaArray: json(200, { response: 1, meta: [1, 2] }),
    noctype: text(200, null, '{"response":"x"}'),
    text: text(200, 'text/plain', 'plain text'),
    ctupper: text(200, 'Application/JSON', '{"response":"x"}'),
    ctcharset: text(200, 'application/json; charset=utf-8', '{"response":"x"}'),
    ctjsonx: text(200, 'application/jsonp', '{"response":"x"}'),
    ctproblem: text(200, 'application/problem+json', '{"response":"x"}'),
    rawjson: json(200, { foo: 'bar' }),
    array: json(200, [1, 2]),
    jsonnull: json(200, 'null'),
    jsonstring: json(200, '"abc"'),
    jsonnum: json(200, '5'),
    resnull: json(200, { response: null }),
    resfalse: json(200, { response: false }),
    reszero: json(200, { response: 0 }),
    resempty: json(200, { response: '' }),
    errin200: json(200, { error: { message: 'ignored', code: 400 } }),
    respanderr: json(200, { response: 'r', error: { message: 'ignored', code: 400 } }),
    emptyjson: json(200, ''),
    badjson: json(200, '{"response":'),
    created: json(201, { response: 'created' }),
    accepted: json(202, { response: 'accepted' }),
    nocontent: text(204, null, ''),
    nocontentjson: text(204, 'application/json', ''),
    reset204: text(205, null, ''),
    gzip: packed('gzip', zlib.gzipSync, 'unzipped'),
    deflate: packed('deflate', zlib.deflateSync, 'inflated'),
    br: packed('br', zlib.brotliCompressSync, 'unbrotlied'),
    chunked: (req, res) => {
      res.writeHead(200, JSON_TYPE);
      res.write('{"respon');
      setImmediate(() => res.end('se":"chunks"}'));
    },
    bom: json(200, '\ufeff{"response":"bom"}'),
    latin1: (req, res) => {
      res.writeHead(200, { 'content-type': 'application/json; charset=iso-8859-1' });
      res.end(Buffer.from('{"response":"\xe9"}', 'latin1'));
    },
    dup: json(200, '{"response":1,"response":2}'),
    bignum: json(200, '{"response":{"over":9007199254740993,"f":1.0,"e":1e3}}'),
    proto: json(200, '{"response":{"__proto__":{"p":1},"a":1}}'),
    large: json(200, { response: { s: 'y'.repeat(500000) } }),
    redirnoloc: redirect(302),
    redirloop: redirect(302, () => '/m/redirloop'),
    notmod: text(304, null, ''),
    multi: text(300, null, ''),
    err400: error(400, README_ERROR),
    err500same: error(500, README_ERROR),
    errmsg: error(400, { message: 'only message' }),
    errempty: error(400, {}),
    errstring: error(400, 'bad'),
    errarray: error(400, ['bad']),
    errtrue: error(400, true),
    errnull: error(400, null),
    errnum: error(400, 5),
    errcodestr: error(400, { message: 'm', code: 'E_BAD' }),
    errcode200: error(400, { message: 'm', code: 200 }),
    errnocode: error(404, { name: 'NotFound', message: 'm', type: 'NF' }),
    errvalidation: error(422, {
      name: 'ValidationError', message: 'Parameters validation error!', code: 422,
      type: 'VALIDATION_ERROR', data: [{ field: 'x' }],
    }),
    errsnf: error(404, {
      name: 'ServiceNotFoundError', message: 'm', code: 404, type: 'SERVICE_NOT_FOUND', data: { action: 'a.b' },
    }),
    errcustom: error(418, { name: 'TeapotError', message: 'teapot', code: 418, type: 'TEA', extra: 1 }),
    errretry: error(503, {
      name: 'MoleculerRetryableError', message: 'retry me', code: 503, type: 'R', retryable: true,
    }),
    errstack: error(500, { message: 'm', stack: 'own stack', nodeID: 'myNode' }),
    errmeta: json(400, { error: { message: 'm', code: 400 }, meta: { ignored: true } }),
    errproto: json(400, '{"error":{"message":"m","code":400,"__proto__":{"polluted":1}}}'),
    errnobody400: text(400, null, ''),
    errnobody500: text(500, null, ''),
    errtext404: text(404, 'text/plain', 'not here'),
    errjsonnoerr: json(403, { foo: 'bar' }),
    errreason: (req, res) => {
      res.writeHead(403, 'My Own Reason');
      res.end();
    },
    errnoreason: raw('HTTP/1.1 500 \r\nConnection: close\r\nContent-Length: 0\r\n\r\n'),
    errproblem: text(400, 'application/problem+json', '{"error":{"message":"problem","code":400,"type":"P"}}'),
    errbadjson: json(500, '{oops'),
    err599: text(599, null, ''),
    err600: raw('HTTP/1.1 600 Odd\r\nConnection: close\r\nContent-Length: 0\r\n\r\n'),
    err999: raw('HTTP/1.1 999 Odder\r\nConnection: close\r\nContent-Length: 0\r\n\r\n'),
    rst: (req, res) => res.socket.resetAndDestroy(),
    fin: (req, res) => res.socket.end(),
    badhttp: raw('this is no HTTP at all\r\n\r\n'),
    twocl: raw('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n' +
      'Content-Length: 14\r\nContent-Length: 16\r\n\r\n{"response":1}'),
    midbody: raw('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"response":"cut'),
    midbodyrst: raw(
      'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"response":"cut', 'reset'),
    midchunk: raw(
      'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\na\r\n{"response\r\n'),
    closedelim: raw('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n{"response":"eof"}'),
    http10: raw('HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n{"response":"http10"}'),
    continue: (req, res) => {
      res.writeContinue();
      json(200, { response: 'after 100' })(req, res);
    },
    setcookie: json(200, { response: 1 }, { 'set-cookie': ['a=1; Path=/', 'b=2'] }),
    slow: later(600, json(200, { response: 'slow' })),
    flaky: flaky(AGAIN),
    flaky2: flaky(AGAIN_SILENT),
  };
  for (const code of [301, 302, 303, 307, 308]) {
    routes[`redir${code}`] = redirect(code, () => '/m/echo');
    routes[`redirabs${code}`] = redirect(code, (req) => `http://${req.headers.host}/m/echo2`);
    routes[`redirx${code}`] = redirect(code, () => '/m/echo2');
  }
  return routes;
}

/** Names of the routes under /m/, each of which the service `ext` offers as an action. */
export const mapRouteNames = Object.keys(mapRoutes());

/** Starts the app on a free port of the loopback. take() returns the requests got since the last take(). */
export async function startApp() {
  const routes = answerRoutes();
  for (const [name, route] of Object.entries(mapRoutes())) routes[`/m/${name}`] = route;
  const noRoute = error(404, { name: 'ExtNoRoute', message: 'no route in the external service', code: 404 });
  const event = json(200, {});
  let log = [];

  const server = http.createServer((req, res) => {
    const chunks = [];
    req.on('data', (chunk) => chunks.push(chunk));
    req.on('error', () => {});
    req.on('end', () => {
      const bytes = Buffer.concat(chunks);
      const seen = {
        method: req.method, url: req.url, httpVersion: req.httpVersion,
        headers: pairs(req.rawHeaders), body: bytes.toString(), length: bytes.length,
      };
      log.push(seen);
      const path = req.url.split('?')[0];
      const route = routes[path] ?? (path.startsWith('/ev/') ? event : noRoute);
      route(req, res, seen);
    });
  });
  server.keepAliveTimeout = 60000;
  server.on('clientError', (err, socket) => {
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: server.address().port,
    get count() {
      return log.length;
    },
    take() {
      const taken = log;
      log = [];
      return taken;
    },
    stop() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

function pairs(flat) {
  const list = [];
  for (let i = 0; i < flat.length; i += 2) list.push([flat[i], flat[i + 1]]);
  return list;
}
