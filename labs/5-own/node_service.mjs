// A groomer in Node that buys soap: one trace of two spans, as OTLP in JSON, to OTEL_EXPORTER_OTLP_ENDPOINT.

import { randomBytes } from 'node:crypto';

const endpoint = process.env.OTEL_EXPORTER_OTLP_ENDPOINT ?? 'http://127.0.0.1:4318';
const SERVER = 2, CLIENT = 3;

const text = (key, value) => ({ key, value: { stringValue: value } });
const number = (key, value) => ({ key, value: { intValue: String(value) } });
const nanoseconds = (milliseconds) => `${milliseconds}000000`;

// X-Ray's ids begin with the time; other ids are understood as well.
const traceId = Math.floor(Date.now() / 1000).toString(16) + randomBytes(12).toString('hex');
const bath = randomBytes(8).toString('hex');
const ended = Date.now(), began = ended - 120;

const spans = [
    {
        traceId, spanId: bath, name: 'POST /bath', kind: SERVER,
        startTimeUnixNano: nanoseconds(began), endTimeUnixNano: nanoseconds(ended),
        attributes: [text('http.request.method', 'POST'), text('url.full', 'http://groomer.example/bath'), number('http.response.status_code', 200)],
    },
    {
        traceId, spanId: randomBytes(8).toString('hex'), parentSpanId: bath, name: 'POST soap shop', kind: CLIENT,
        startTimeUnixNano: nanoseconds(began + 10), endTimeUnixNano: nanoseconds(ended - 10),
        attributes: [
            text('http.request.method', 'POST'), text('url.full', 'http://soap.example/orders'),
            text('peer.service', 'soap shop'), number('http.response.status_code', 201),
        ],
    },
];
const resource = { attributes: [text('service.name', 'groomer')] };
const body = { resourceSpans: [{ resource, scopeSpans: [{ scope: { name: 'by hand' }, spans }] }] };

const answer = await fetch(`${endpoint}/v1/traces`, {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body),
});
if (!answer.ok) throw new Error(`${endpoint} answered ${answer.status}: ${await answer.text()}`);
console.log(`sent trace 1-${traceId.slice(0, 8)}-${traceId.slice(8)}`);
