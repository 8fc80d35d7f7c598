/* SPDX-License-Identifier: MIT */
/*
 * Keeps the endpoints of one action or event group in order, the local ones a second time, and
 * counts open breakers, so that the usual choice looks at nothing but the one it takes.
 */
#include "registry/endpoint_list.h"

#include "base/assert.h"
#include "model/event_match.h"
#include "registry/registry_internal.h"

struct endpoint_list *endpoint_list_new(struct registry *r, struct shared *name,
                                        struct strategy *strategy)
{
    struct endpoint_list *list = mem_new(struct endpoint_list);

    list->name = name;
    list->is_internal = name->bytes.n > 0 && name->bytes.p[0] == '$';
    list->registry = r;
    list->strategy = strategy;
    list_init(&list->link);
    return list;
}

void endpoint_list_free(struct endpoint_list *list)
{
    if (!list) {
        return;
    }
    while (list->n_items > 0) {
        endpoint_list_remove(list, list->items[list->n_items - 1]);
    }
    if (list->strategy) {
        list->strategy->ops->free(list->strategy);
    }
    event_pattern_free(list->pattern);
    list_remove(&list->link);
    shared_unref(list->name);
    shared_unref(list->group_text);
    if (list->items != &list->one) {
        mem_free(list->items);
    }
    mem_free(list->locals);
    mem_free(list);
}

/* one: an array of a single place that is not on the heap, or NULL. */
static struct endpoint **grow(struct endpoint **items, unsigned *cap, struct endpoint **one)
{
    struct endpoint **grown;

    if (*cap == 0 && one) {
        *cap = 1;
        return one;
    }
    *cap = *cap ? *cap * 2 : 1;
    grown = mem_realloc(items == one ? NULL : items, *cap * sizeof(struct endpoint *));
    if (items && items == one) {
        *grown = *one;
    }
    return grown;
}

static void cut(struct endpoint **items, unsigned *n, const struct endpoint *e)
{
    unsigned at = 0;

    while (at < *n && items[at] != e) {
        at++;
    }
    ASSERT(at < *n);
    (*n)--;
    memmove(items + at, items + at + 1, (*n - at) * sizeof(struct endpoint *));
}

static void tell_strategy(struct endpoint_list *list)
{
    if (list->strategy && list->strategy->ops->changed) {
        list->strategy->ops->changed(list->strategy);
    }
}

void endpoint_list_add(struct endpoint_list *list, struct endpoint *e)
{
    if (list->n_items == list->cap_items) {
        list->items = grow(list->items, &list->cap_items, &list->one);
    }
    list->items[list->n_items++] = endpoint_ref(e);
    if (e->local && list->n_local == list->cap_locals) {
        list->locals = grow(list->locals, &list->cap_locals, NULL);
    }
    if (e->local) {
        list->locals[list->n_local++] = e;
    }
    list->n_unavailable += !e->is_available;
    e->list = list;
    tell_strategy(list);
}

void endpoint_list_remove(struct endpoint_list *list, struct endpoint *e)
{
    ASSERT(e->list == list);
    cut(list->items, &list->n_items, e);
    if (e->local) {
        cut(list->locals, &list->n_local, e);
    }
    list->n_unavailable -= !e->is_available;
    tell_strategy(list);
    e->list = NULL;
    e->node = NULL;
    endpoint_unref(e);
}

bool endpoint_list_has_available(const struct endpoint_list *list)
{
    return list->n_items > list->n_unavailable;
}

static struct endpoint *ask_strategy(struct endpoint_list *list, struct endpoint *const *candidates,
                                     unsigned n, const struct strategy_input *input)
{
    if (!list->strategy) {
        list->strategy = registry_strategy_new(list->registry);
    }
    return list->strategy->ops->choose(list->strategy, candidates, n, input);
}

static struct endpoint *choose_among(struct endpoint_list *list, struct endpoint *const *items,
                                     unsigned n, const struct strategy_input *input)
{
    struct endpoint **available;
    struct endpoint *chosen;
    unsigned n_available = 0;

    if (n == 0) {
        return NULL;
    }
    if (n == 1) {
        return items[0]->is_available ? items[0] : NULL;
    }
    if (list->n_unavailable == 0) {
        return ask_strategy(list, items, n, input);
    }
    available = mem_realloc(NULL, n * sizeof(struct endpoint *));
    for (unsigned i = 0; i < n; i++) {
        if (items[i]->is_available) {
            available[n_available++] = items[i];
        }
    }
    chosen = n_available ? ask_strategy(list, available, n_available, input) : NULL;
    mem_free(available);
    return chosen;
}

struct endpoint *endpoint_list_choose_local(struct endpoint_list *list,
                                            const struct strategy_input *input)
{
    return choose_among(list, list->locals, list->n_local, input);
}

struct endpoint *endpoint_list_choose(struct endpoint_list *list, bool prefer_local,
                                      const struct strategy_input *input)
{
    struct endpoint *local;

    if (list->is_internal && list->n_local > 0) {
        return endpoint_list_choose_local(list, input);
    }
    local = prefer_local && list->n_items > 1 ? endpoint_list_choose_local(list, input) : NULL;
    return local ? local : choose_among(list, list->items, list->n_items, input);
}

struct endpoint *endpoint_list_choose_node(struct endpoint_list *list,
                                           const struct registry_node *node)
{
    for (unsigned i = 0; i < list->n_items; i++) {
        if (list->items[i]->node == node && list->items[i]->is_available) {
            return list->items[i];
        }
    }
    return NULL;
}
