select 1 as id, 'ann' as customer, 12.5 as amount union all select 2, 'bob', 3.0
