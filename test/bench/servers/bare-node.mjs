import { createServer } from 'node:http';
import { listen } from './announce.mjs';
import { writeBody } from './write-body.mjs';

listen(
  createServer((request, response) => {
    const written = () => response.writeHead(204).end();
    const broken = () => response.destroy();
    void writeBody(request).then(written, broken);
  }),
);
