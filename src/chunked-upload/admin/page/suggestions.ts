import { fetchSuggestions } from './api.js';
import { byId, element } from './element.js';

const PATIENCE_MS = 150;

/**
 * Offers values that there are while somebody types.
 *
 * @param input its `list` is filled
 * @param query what is asked for beside the letters: the field, the type, the kind of owner
 */
export function suggestIn(input: HTMLInputElement, query: () => Record<string, string>): void {
  const list = byId(input.getAttribute('list') ?? '', HTMLDataListElement);
  let asked = 0;
  let timer = 0;
  const offer = async (): Promise<void> => {
    const number = ++asked;
    // Without suggestions the field is as good as before.
    const values = await fetchSuggestions({ ...query(), prefix: input.value.trim() }).catch(
      () => [],
    );
    if (number !== asked) return;
    list.replaceChildren(...values.map((value) => element('option', { value })));
  };
  input.addEventListener('focus', () => void offer());
  input.addEventListener('input', () => {
    clearTimeout(timer);
    timer = setTimeout(() => void offer(), PATIENCE_MS) as unknown as number;
  });
}

/** Those of the filters. */
export function suggestInFilters(): void {
  const type = byId('type', HTMLSelectElement);
  const ownerType = byId('owner-type', HTMLInputElement);
  suggestIn(byId('creator', HTMLInputElement), () => ({ field: 'creator', type: type.value }));
  suggestIn(ownerType, () => ({ field: 'owner_type', type: type.value }));
  suggestIn(byId('owner-id', HTMLInputElement), () => ({
    field: 'owner_id',
    type: type.value,
    owner_type: ownerType.value.trim(),
  }));
}
