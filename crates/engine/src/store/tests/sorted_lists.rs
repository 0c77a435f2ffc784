//! Lists in orders that no index has, lists of some agents and models, and counts.

use claude_worker_api::{ModelCount, Order, TaskCount};

use super::*;

/// The name, agent, model, usage and run time in milliseconds of a task.
type Row<'a> = (&'a str, &'a str, Option<&'a str>, &'a str, Option<i64>);

fn fill(place: &Place, tasks: &[Row<'_>]) {
    let mut writer = place.open();
    let database = rusqlite::Connection::open(place.database()).unwrap();
    for ((name, agent, model, usage, took), position) in tasks.iter().zip(1..) {
        let defaults = FilledDefaults::default();
        let origin = Origin::default();
        let id = writer
            .insert_task(&request("x"), defaults, name, position, &origin, at(position))
            .unwrap();
        if took.is_some() {
            let old = writer.task(id).unwrap().unwrap().state;
            let new = TaskState::Cancelled { ended_at: at(1000) };
            writer.set_state(id, &Columns::from(&old), &new, None).unwrap();
        }
        let sql =
            "UPDATE task SET agent = ?2, model = ?3, usage = ?4, started_at = ?5 WHERE id = ?1";
        let started = took.map(|took| 1000 - took);
        database.execute(sql, (id.0, agent, model, usage, started)).unwrap();
    }
}

/// The numbers of a list, read in pages of this size.
fn paged(readers: &Readers, query: &ListQuery, size: u32) -> Vec<i64> {
    let (mut all, mut query) = (Vec::new(), query.clone());
    loop {
        let (mut page, _) = readers.list(&query, size).unwrap();
        let more = page.len() > size as usize;
        page.truncate(size as usize);
        all.extend(page.iter().map(|stored| stored.task.id.0));
        let Some(last) = page.last().filter(|_| more) else { return all };
        query.cursor = Some(query.order.after(&last.task, all.len() as u64));
    }
}

#[test]
fn lists_are_sorted_by_run_time_cost_and_name_page_by_page() {
    let place = Place::new();
    fill(
        &place,
        &[
            ("beta", "claude", None, r#"{"cost_usd":0.5}"#, Some(20)),
            ("Alpha", "claude", None, r#"{"cost_usd":1.25}"#, Some(90)),
            ("alpha", "claude", None, "{}", None),
            ("Gamma", "shell", None, r#"{"cost_usd":0.5}"#, Some(20)),
            ("Ärger", "shell", None, "damaged", Some(0)),
            ("beta", "shell", None, r#"{"cost_usd":0.0000004}"#, None),
        ],
    );
    let readers = place.readers();
    let in_order = |order| ListQuery { order, ..ListQuery::default() };
    for size in [1, 2, 9] {
        assert_eq!(paged(&readers, &in_order(Order::Longest), size), [2, 4, 1, 5, 6, 3]);
        assert_eq!(paged(&readers, &in_order(Order::MostExpensive), size), [2, 4, 1, 6, 5, 3]);
        assert_eq!(paged(&readers, &in_order(Order::ByName), size), [3, 2, 6, 1, 4, 5]);
        let pending = vec![Status::Pending];
        let pending = ListQuery { statuses: pending, ..in_order(Order::ByName) };
        assert_eq!(paged(&readers, &pending, size), [3, 6]);
        let found = ListQuery { search: Some("a".to_owned()), ..in_order(Order::MostExpensive) };
        assert_eq!(paged(&readers, &found, size), [2, 4, 1, 6, 3]);
        let ids = vec![TaskId(1), TaskId(2), TaskId(5)];
        let some = ListQuery { ids, ..in_order(Order::Longest) };
        assert_eq!(paged(&readers, &some, size), [2, 1, 5]);
    }
}

#[test]
fn a_list_by_name_goes_on_where_a_removed_task_was() {
    let place = Place::new();
    fill(&place, &["a", "b", "c", "d"].map(|name| (name, "shell", None, "{}", None)));
    let readers = place.readers();
    let mut query = ListQuery { order: Order::ByName, ..ListQuery::default() };
    let (page, _) = readers.list(&query, 2).unwrap();
    assert_eq!(page[1].task.name, "b");
    query.cursor = Some(query.order.after(&page[1].task, 2));
    place.open().delete_task(page[1].task.id).unwrap();
    let rest: Vec<_> = readers.list(&query, 9).unwrap().0;
    assert_eq!(rest.iter().map(|stored| stored.task.name.as_str()).collect::<Vec<_>>(), ["c", "d"]);
}

#[test]
fn agents_and_models_are_filtered_and_counted() {
    let place = Place::new();
    fill(
        &place,
        &[
            ("one", "claude", Some("opus"), "{}", None),
            ("two", "claude", Some("sonnet"), "{}", Some(5)),
            ("three", "claude", Some("opus"), "{}", Some(5)),
            ("four", "shell", None, "{}", None),
            ("five", "codex", Some("a, \"b\""), "{}", None),
        ],
    );
    let readers = place.readers();
    let of = |agents: &[Agent], models: &[&str]| ListQuery {
        agents: agents.to_vec(),
        models: models.iter().map(|model| (*model).to_owned()).collect(),
        ..ListQuery::default()
    };
    for (query, expected) in [
        (of(&[], &["opus"]), vec![3, 1]),
        (of(&[], &["opus", "sonnet"]), vec![3, 2, 1]),
        (of(&[], &["a, \"b\""]), vec![5]),
        (of(&[Agent::Shell], &[]), vec![4]),
        (of(&[Agent::Claude], &["sonnet", "nothing"]), vec![2]),
        (of(&[Agent::Shell], &["opus"]), vec![]),
    ] {
        for order in [Order::NewestFirst, Order::ByName, Order::Longest, Order::MostExpensive] {
            let query = ListQuery { order, ..query.clone() };
            let mut found = paged(&readers, &query, 2);
            found.sort_by_key(|id| -id);
            assert_eq!(found, expected, "{query:?}");
            assert_eq!(readers.count(&query).unwrap().tasks, expected.len() as u64);
        }
    }
    let ended = ListQuery { order: Order::EndedLast, ..of(&[], &["opus"]) };
    assert_eq!(paged(&readers, &ended, 2), [3]);
    assert_eq!(readers.count(&ended).unwrap().tasks, 1);
    let next = ListQuery { order: Order::NextFirst, ..of(&[], &["opus"]) };
    assert_eq!(paged(&readers, &next, 2), [1]);
    assert_eq!(readers.count(&next).unwrap().tasks, 1);
    let attention = ListQuery { attention: true, ..ListQuery::default() };
    assert_eq!(readers.count(&attention).unwrap(), TaskCount::default());
    let group = |agent, model: Option<&str>, tasks| ModelCount {
        agent,
        model: model.map(str::to_owned),
        tasks,
    };
    let counted = readers.count(&of(&[Agent::Claude, Agent::Shell], &[])).unwrap();
    let models = vec![
        group(Agent::Claude, Some("opus"), 2),
        group(Agent::Shell, None, 1),
        group(Agent::Claude, Some("sonnet"), 1),
    ];
    assert_eq!(counted, TaskCount { tasks: 4, models });
    assert_eq!(readers.count(&ListQuery::default()).unwrap().tasks, 5);
}
