import { createServer } from 'node:http';
import { listen } from './announce.mjs';
import { writeBody } from './write-body.mjs';

listen(
  createServer((request, response) => {
    void writeBody(request).then(() => response.writeHead(204).end());
  }),
);
