import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import type { CanActivate } from '@nestjs/common';
import type { Locator, Page } from 'playwright-core';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Host, startHost } from '../support/host.js';
import { UploadClient, sample } from '../support/upload-client.js';
import { browserTitle, hasBrowser } from './browser.js';
import { Clip } from './clip.entity.js';
import { SHOTS, look, resize } from './looks.js';
import { useStage } from './stage.js';

@Entity('person')
class Person {
  @PrimaryColumn('text')
  id!: string;

  @Column('text', { default: '' })
  name!: string;
}

const everybody: CanActivate = { canActivate: () => true };
const file = sample(300);

describe.skipIf(!hasBrowser)(browserTitle('the admin page'), () => {
  const stage = useStage(() => {
    const admin = { path: 'admin/uploads', guards: [everybody] };
    const owners = { person: Person };
    const types = [{ path: 'customers/film-clips', entity: Clip, owners: {} }];
    return startHost({ upload: { admin, owners }, types, database: { entities: [Person] } });
  });
  let host: Host;
  let uploads: UploadClient;
  let page: Page;

  beforeEach(async () => {
    ({ site: host, page } = stage);
    uploads = new UploadClient(`${host.url}/uploads`);
    await host.dataSource.query('TRUNCATE chunked_upload, clip, person');
    await page.setExtraHTTPHeaders({ 'x-user': 'root' });
  });
  afterEach(() => expect(stage.complaints).toEqual([]));

  const open = async (query = ''): Promise<void> => {
    await page.goto(`${host.url}/admin/uploads${query}`);
    await expect.poll(() => page.locator('#count').textContent()).toMatch(/upload/);
  };
  const press = (name: string): Promise<void> =>
    page.getByRole('button', { name, exact: true }).click();
  const row = (name: string): Locator => page.locator('#rows tr', { hasText: name });
  const names = (): Promise<string[]> => page.locator('#rows .name').allTextContents();
  const noticeText = () => page.locator('#notice-text').textContent();

  /** @returns the id of the upload, of which nothing has been sent */
  async function beginByTus(filename: string): Promise<string> {
    const { headers } = await fetch(uploads.url, {
      method: 'POST',
      headers: {
        'x-user': 'ann',
        'tus-resumable': '1.0.0',
        'upload-length': '300',
        'upload-metadata': `filename ${btoa(filename)}`,
      },
    });
    return headers.get('location')?.split('/').at(-1) ?? '';
  }

  /** An upload of each kind, one of them with hostile and long names. */
  async function fill(): Promise<void> {
    const begin = (filename: string, user: string | null = 'ann') =>
      uploads.as(user).begin(file.subarray(0, 100), 300, { filename });
    await host.dataSource.query(`INSERT INTO person (id) VALUES ('7'), ('71')`);
    const { id } = await begin('expired.bin');
    const aborted = await begin('aborted.bin', 'bob');
    await host.uploads.abort(aborted.id);
    await host.dataSource.query(
      `UPDATE chunked_upload SET expires_at = now() - interval '1 h' WHERE id = $1`,
      [id],
    );
    await begin(
      `a very long name ${'of a file '.repeat(12)}.mp4`,
      'somebody.with.a.long.name@example.org',
    );
    await begin('anonymous.bin', null);
    await host.uploads.assignOwner(await beginByTus('owned.bin'), { type: 'person', id: '7' });
    await uploads.file(Buffer.from('<b>text</b>\n'.repeat(40)), { filename: 'page.html' });
    await uploads.file(png(), { filename: 'photo.png' });
    await uploads.file(pdf(), { filename: 'paper.pdf' });
  }

  it('has no fault of access: empty, filled, filtered to nothing', async () => {
    await open();
    await look(page, 'admin/empty');
    await fill();
    await open();
    await look(page, 'admin/filled');
    await open('?status=aborted&creator=nobody');
    await look(page, 'admin/nothing');
  });

  it('has no fault of access: sums, selection, question, failure, keys', async () => {
    await fill();
    await open();
    await page.locator('#overview summary').click();
    await page.locator('#overview-rows tr').first().waitFor();
    await page.getByLabel('Select all of this page').check();
    await look(page, 'admin/sums-and-selection');
    await press('Delete…');
    await look(page, 'admin/question');
    await press('Cancel');
    await page.route('**/api/**', (route) => route.abort());
    await press('Refresh');
    await page.getByRole('alert').waitFor();
    await look(page, 'admin/failure');
    await page.unroute('**/api/**');
    await press('Keys');
    await look(page, 'admin/keys');
  });

  it('has no fault of access: an upload is open', async () => {
    await fill();
    await open();
    for (const name of ['photo.png', 'page.html', 'paper.pdf', 'owned.bin', 'expired.bin']) {
      await row(name).locator('.name').click();
      await page.getByRole('dialog', { name }).locator('dl').waitFor();
      if (name === 'photo.png') {
        const width = () =>
          page.locator('#detail-file img').evaluate((img: HTMLImageElement) => img.naturalWidth);
        await expect.poll(width).toBe(40);
      }
      if (name === 'page.html') {
        await expect
          .poll(() => page.locator('#detail-file pre').textContent())
          .toContain('<b>text</b>');
      }
      if (name === 'paper.pdf') {
        // Where Chrome blocks a frame it shows a page of its own instead.
        const urls = () => page.frames().map((frame) => frame.url());
        await expect.poll(() => urls().join('\n')).toContain('/file?type=uploads&preview=true');
        if (SHOTS) await page.waitForTimeout(2000);
      }
      const protocol = page.locator('#detail-body dl > div', { hasText: 'Protocol' });
      expect(await protocol.locator('dd').textContent()).toBe(
        name === 'owned.bin' ? 'tus' : 'content-range',
      );
      if (name === 'owned.bin') {
        await page.locator('#detail-changes summary').click();
        await page.locator('#owner-form').waitFor();
      }
      await look(page, `admin/open-${name}`);
      await page.goBack();
      await expect.poll(() => page.getByRole('dialog').count()).toBe(0);
    }
  });

  it('downloads a file under its name', async () => {
    await fill();
    await open();
    await row('photo.png').locator('.name').click();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'Download' }).click(),
    ]);
    expect(download.suggestedFilename()).toBe('photo.png');
  });

  it('runs nothing of a file that is opened', async () => {
    const script = '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>';
    await uploads.file(Buffer.from(script), { filename: 'drawing.svg' });
    await open();
    await row('drawing.svg').locator('.name').click();
    const link = page.getByRole('link', { name: 'Open' });
    await link.waitFor();
    await page.goto((await link.getAttribute('href')) ?? '');
    expect(await page.locator('body').textContent()).toContain('alert(1)');
  });

  it('filters by a value that is clicked', async () => {
    await fill();
    await open();
    await row('aborted.bin').getByRole('button', { name: 'aborted' }).click();
    await expect.poll(names).toEqual(['aborted.bin']);
    await press('Clear filters');
    await row('owned.bin').getByRole('button', { name: 'person 7' }).click();
    await expect.poll(names).toEqual(['owned.bin']);
    await press('Clear filters');
    await row('anonymous.bin').getByRole('button', { name: 'anonymous' }).click();
    await expect.poll(names).toEqual(['anonymous.bin']);
    await press('Clear filters');
    await page.locator('#overview summary').click();
    await page.getByRole('button', { name: /^1 expired of uploads/ }).click();
    await expect.poll(names).toEqual(['expired.bin']);
  });

  it('suggests creators while they are typed', async () => {
    await fill();
    await open();
    await page.locator('#more summary').click();
    await page.getByLabel('Creator').pressSequentially('some');
    const offered = () =>
      page
        .locator('#creators option')
        .evaluateAll((all) => all.map((each) => (each as HTMLOptionElement).value));
    await expect.poll(offered).toEqual(['somebody.with.a.long.name@example.org']);
  });

  it('selects all that match, and deletes them after a question with their number', async () => {
    await host.dataSource.query(
      `INSERT INTO chunked_upload (id, filename, key, final_key, created_at)
      SELECT gen_random_uuid(), 'file ' || n, 'none/' || n, 'none/' || n, now() - n * interval '1 s'
      FROM generate_series(1, 120) AS n`,
    );
    await uploads.begin(file.subarray(0, 100), 300, { filename: 'other' });
    await open('?search=file');
    await page.getByLabel('Select all of this page').check();
    await press('Select all that match');
    expect(await page.locator('#selected').textContent()).toBe('All 120 uploads selected');
    await look(page, 'admin/all-that-match');
    await press('Delete…');
    await expect
      .poll(() => page.locator('#question-title').textContent())
      .toBe('Delete 120 uploads?');
    await press('Delete them');
    await expect.poll(noticeText).toBe('120 deleted.');
    await press('Clear filters');
    await expect.poll(names).toEqual(['other']);
  });

  it('is of this page again once something of it is unselected', async () => {
    await host.dataSource.query(
      `INSERT INTO chunked_upload (id, filename, key, final_key, created_at)
      SELECT gen_random_uuid(), 'file ' || n, '', '', now() - n * interval '1 s'
      FROM generate_series(1, 60) AS n`,
    );
    await open();
    await page.getByLabel('Select all of this page').check();
    await press('Select all that match');
    await page.getByLabel('Select file 1', { exact: true }).uncheck();
    expect(await page.locator('#selected').textContent()).toBe('49 selected');
  });

  it('changes owner and expiry', async () => {
    await fill();
    await open();
    await row('anonymous.bin').locator('.name').click();
    await page.locator('#detail-changes summary').click();
    await page.locator('#new-owner-type').selectOption('person');
    await page.locator('#new-owner-id').fill('71');
    await press('Save owner');
    const result = () => page.locator('#change-result').textContent();
    await expect.poll(result).toBe('The owner has been changed.');
    await expect.poll(() => page.locator('#detail-body').textContent()).toContain('person 71');
    await page.locator('#new-owner-id').fill('99');
    await press('Save owner');
    await expect.poll(result).toMatch(/^Not changed: /);
    await page.locator('#new-expiry').fill('');
    await press('Save expiry');
    await expect.poll(result).toBe('The expiry has been changed.');
    const found = await host.uploads.find({});
    expect(found.find(({ filename }) => filename === 'anonymous.bin')).toMatchObject({
      ownerId: '71',
      expiresAt: null,
    });
  });

  it('says so where the expiry that was set has passed', async () => {
    await fill();
    await open();
    await row('anonymous.bin').locator('.name').click();
    await page.locator('#detail-changes summary').click();
    await page.locator('#new-expiry').fill('2026-01-01T00:00');
    await press('Save expiry');
    const result = () => page.locator('#change-result').textContent();
    await expect.poll(result).toBe('Expired: the next clean-up deletes it.');
  });

  it('says why a file whose bytes are missing cannot be had', async () => {
    const gone = 'The bytes of this upload are gone from the storage';
    const remove = async (id: string) => {
      const { finalKey } = await host.uploads.findOne(id);
      await rm(join(host.root, finalKey));
    };
    await remove((await uploads.file(file, { filename: 'gone.bin' })).id);
    await remove((await uploads.file(png(), { filename: 'gone.png' })).id);
    await open();
    const said = () => page.locator('#detail-file').textContent();
    await row('gone.bin').locator('.name').click();
    await page.getByRole('link', { name: 'Download' }).click();
    await expect.poll(said).toBe(gone);
    await page.goBack();
    await row('gone.png').locator('.name').click();
    await expect.poll(said).toBe(gone);
  });

  it('keeps type and creator in one line each, whatever the width of the table', async () => {
    await fill();
    await new UploadClient(`${host.url}/customers/film-clips`).begin(file.subarray(0, 100), 300);
    await open();
    for (const width of [1125, 1400]) {
      await resize(page, width, 900);
      const lines = await page.locator(':is(.creator, td.type) .value').evaluateAll((all) =>
        all.map((each) => {
          const range = document.createRange();
          range.selectNodeContents(each);
          return new Set([...range.getClientRects()].map(({ top }) => Math.round(top))).size;
        }),
      );
      expect(lines.length).toBe(18);
      expect(new Set(lines), `at ${width}`).toEqual(new Set([1]));
      const type = row('file.bin').locator('td.type .value');
      const isCut = (element: Element) => element.scrollWidth > element.clientWidth;
      if (width === 1400) expect(await type.evaluate(isCut)).toBe(false);
      const sticksOut = () => document.documentElement.scrollWidth - innerWidth;
      expect(await page.evaluate(sticksOut)).toBeLessThanOrEqual(0);
    }
    const creator = row('a very long name').locator('.creator .value');
    expect(await creator.getAttribute('title')).toContain('somebody.with.a.long.name@example.org');
  });

  it('sums up the types, and shows what is clicked of all of them', async () => {
    await fill();
    const clips = new UploadClient(`${host.url}/customers/film-clips`);
    await clips.begin(file.subarray(0, 100), 300, { filename: 'clip.mp4' });
    await open();
    await page.locator('#overview summary').click();
    const sum = page.locator('#overview-rows tr', { hasText: 'all types' });
    const cells = () => sum.locator('td').allTextContents();
    await expect
      .poll(async () => (await cells()).slice(0, 2))
      .toEqual(['4300 bytes', '1100 bytes']);
    await page.getByRole('button', { name: /^4 incomplete of all types/ }).click();
    await expect.poll(names).toHaveLength(4);
    expect(await names()).toContain('clip.mp4');
  });

  it('asks before it is left while all that match are deleted, and says that it stops', async () => {
    await host.dataSource.query(
      `INSERT INTO chunked_upload (id, filename, key, final_key, created_at)
      SELECT gen_random_uuid(), 'file ' || n, 'none/' || n, 'none/' || n, now() - n * interval '1 s'
      FROM generate_series(1, 60) AS n`,
    );
    let goOn = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    await page.route('**/api/delete', async (route) => {
      await held;
      await route.continue();
    });
    const asks = () =>
      page.evaluate(() => !dispatchEvent(new Event('beforeunload', { cancelable: true })));
    await open('?search=file');
    await page.getByLabel('Select all of this page').check();
    await press('Select all that match');
    await press('Delete…');
    expect(await asks()).toBe(false);
    await press('Delete them');
    await expect.poll(noticeText).toBe('Deleting: 0 of 60 uploads');
    expect(await asks()).toBe(true);
    await press('Stop');
    await expect.poll(noticeText).toBe('Stopping…');
    goOn();
    await expect.poll(noticeText).toMatch(/^\d+ deleted/);
    expect(await asks()).toBe(false);
  });

  it('leads back to page one from an old link', async () => {
    await fill();
    const queries = [
      `?after=${cursor('x')}&status=aborted`, // a place in a list of another order
      '?before=nonsense&status=aborted',
      '?type=gone&status=aborted',
    ];
    for (const query of queries) {
      await open(query);
      await expect.poll(names).toEqual(['aborted.bin']);
      expect(page.url()).toBe(`${host.url}/admin/uploads?status=aborted`);
      expect(await noticeText()).toMatch(/first page/);
      expect(await page.getByRole('alert').count()).toBe(0);
    }
  });
});

function cursor(key: string): string {
  return Buffer.from(JSON.stringify([key, '3f2b7c1e-0000-4000-8000-000000000000'])).toString(
    'base64url',
  );
}

/** 40 by 40 points of one colour (PNG specification, sections 5 and 11). */
function png(): Buffer {
  const crcTable = Array.from({ length: 256 }, (_, n) => {
    let c = n;
    for (let k = 0; k < 8; k += 1) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
    return c >>> 0;
  });
  const crc = (bytes: Buffer): number => {
    let c = 0xffffffff;
    for (const byte of bytes) c = crcTable[(c ^ byte) & 0xff]! ^ (c >>> 8);
    return (c ^ 0xffffffff) >>> 0;
  };
  const chunk = (type: string, data: Buffer): Buffer => {
    const named = Buffer.concat([Buffer.from(type), data]);
    const ends = Buffer.alloc(8);
    ends.writeUInt32BE(data.length, 0);
    ends.writeUInt32BE(crc(named), 4);
    return Buffer.concat([ends.subarray(0, 4), named, ends.subarray(4)]);
  };
  const header = Buffer.from([0, 0, 0, 40, 0, 0, 0, 40, 8, 2, 0, 0, 0]);
  const line = Buffer.concat([Buffer.from([0]), Buffer.alloc(120, 0x7f)]);
  const pixels = deflateSync(Buffer.concat(Array.from({ length: 40 }, () => line)));
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header),
    chunk('IDAT', pixels),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

/** One page with one word. */
function pdf(): Buffer {
  const text = 'BT /F1 40 Tf 20 40 Td (Paper) Tj ET';
  const objects = [
    '<< /Type /Catalog /Pages 2 0 R >>',
    '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
    '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 100] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>',
    `<< /Length ${text.length} >>\nstream\n${text}\nendstream`,
    '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>',
  ];
  let body = '%PDF-1.4\n';
  const offsets = objects.map((object, at) => {
    const offset = body.length;
    body += `${at + 1} 0 obj\n${object}\nendobj\n`;
    return String(offset).padStart(10, '0');
  });
  const table = offsets.map((offset) => `${offset} 00000 n \n`).join('');
  const end = `trailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n${body.length}\n%%EOF\n`;
  return Buffer.from(`${body}xref\n0 6\n0000000000 65535 f \n${table}${end}`);
}
