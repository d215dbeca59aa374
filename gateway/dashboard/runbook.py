"""What each kind of trouble is called, whom it hurts, and what to do about it."""

from dataclasses import dataclass

from shared.text import Text


@dataclass(frozen=True, slots=True)
class Advice:
    """`what` is the first line of an item and, for the worst one, the verdict. Places: see the rule that fills it."""

    what: Text
    impact: Text
    action: Text


COMES_BACK = Text(
    ar="تُعاد تلقائيًا خلال عشر ثوان. إن بقيت بعد دقيقة: اقرأ آخر سجلها، ثم تحقق من الذاكرة ومن مساحة القرص.",
    fr="Le processus redémarre seul en dix secondes. S'il est toujours absent après une minute : lisez la fin de son"
    " journal, puis vérifiez la mémoire et l'espace disque.",
    en="It is restarted by itself within ten seconds. Still gone after a minute: read the end of its log, then check"
    " memory and disk space.",
)

POSTGRES_AWAY = Advice(
    Text(
        ar="لا جواب من قاعدة البيانات PostgreSQL: لا قراءة ولا كتابة.",
        fr="PostgreSQL ne répond pas : rien ne peut être lu ni écrit.",
        en="PostgreSQL does not answer: nothing can be read or written.",
    ),
    Text(
        ar="تُرفض طلبات المؤسسات كلها مؤقتًا (503) ويمكنها أن تعيدها. لا يضيع شيء مما قُبل.",
        fr="Toutes les demandes des institutions sont refusées pour l'instant (503) et peuvent être répétées. Rien de"
        " ce qui a été accepté n'est perdu.",
        en="Every request of every institution is refused for now (503) and can be repeated. Nothing accepted is lost.",
    ),
    Text(
        ar="تحقق من أن الخادم يعمل ومن مساحة قرصه، واقرأ آخر سجله. تعود العمليات وحدها حين يعود.",
        fr="Vérifiez que le serveur tourne et que son disque n'est pas plein ; lisez la fin de son journal. Les"
        " processus reprennent seuls à son retour.",
        en="Check that the server runs and that its disk is not full; read the end of its log. The processes resume by"
        " themselves when it is back.",
    ),
)
POSTGRES_SLOW = Advice(
    Text(
        ar="قاعدة البيانات PostgreSQL بطيئة: الجواب في {ms} مللي ثانية.",
        fr="PostgreSQL est lent : il répond en {ms} ms.",
        en="PostgreSQL is slow: it answers in {ms} ms.",
    ),
    Text(
        ar="كل طلب وكل حدث يتأخر بقدر ذلك.",
        fr="Chaque demande et chaque événement prennent ce retard.",
        en="Every request and every event is late by as much.",
    ),
    Text(
        ar="ابحث عن استعلام طويل أو قفل في pg_stat_activity، وعن قرص مشغول.",
        fr="Cherchez une requête longue ou un verrou dans pg_stat_activity, et un disque saturé.",
        en="Look for a long query or a lock in pg_stat_activity, and for a busy disk.",
    ),
)
DISK_FULL = Advice(
    Text(
        ar="قرص PostgreSQL ممتلئ: لا يُكتب شيء مما ترسله {processes}.",
        fr="Le disque de PostgreSQL est plein : rien de ce que « {processes} » écrit n'est gardé.",
        en="PostgreSQL's disk is full: nothing that {processes} writes is kept.",
    ),
    Text(
        ar="تُرفض الملفات والتغييرات (507)، وقراءة معطيات الأشخاص (503) لأنها لا تخرج دون أن تُسجَّل. لا يضيع شيء مما قُبل.",
        fr="Fichiers et changements sont refusés (507), et les lectures de personnes aussi (503) : rien ne sort sans être"
        " inscrit. Rien de ce qui a été accepté n'est perdu.",
        en="Files and changes are refused (507), and so are reads of people (503): nothing leaves that is not written down."
        " Nothing accepted is lost.",
    ),
    Text(
        ar="حرّر مساحة على قرص الخادم أو وسّعه (df -h)، ولا تحذف شيئًا من مجلد PostgreSQL بيدك. تعود العمليات وحدها.",
        fr="Libérez ou agrandissez le disque du serveur (df -h) ; n'effacez rien vous-même dans le dossier de PostgreSQL."
        " Tout reprend seul.",
        en="Free or enlarge the server's disk (df -h); delete nothing in PostgreSQL's own folder by hand. Everything resumes"
        " by itself.",
    ),
)
NATS_AWAY = Advice(
    Text(
        ar="لا جواب من NATS: الأحداث تُسجَّل ولا تصل إلى أحد.",
        fr="NATS ne répond pas : les événements sont enregistrés mais n'arrivent à personne.",
        en="NATS does not answer: events are recorded but reach nobody.",
    ),
    Text(
        ar="تنتظر الأحداث في صناديق الصادر، وتتأخر المطابقة والمشتركون. لا يضيع شيء.",
        fr="Les événements attendent dans les boîtes d'envoi ; rapprochement et abonnés prennent du retard. Rien n'est"
        " perdu.",
        en="Events wait in the outboxes; matching and subscribers fall behind. Nothing is lost.",
    ),
    Text(
        ar="تحقق من أن NATS يعمل ومن مساحة قرصه، واقرأ آخر سجله. يُرسل ما انتظر وحده حين يعود.",
        fr="Vérifiez que NATS tourne et que son disque n'est pas plein ; lisez la fin de son journal. Ce qui attend"
        " part seul à son retour.",
        en="Check that NATS runs and that its disk is not full; read the end of its log. What waits leaves by itself"
        " when it is back.",
    ),
)
NATS_UNHEALTHY = Advice(
    Text(
        ar="NATS يعمل لكنه غير سليم: {fault}",
        fr="NATS tourne mais se dit en mauvaise santé : {fault}",
        en="NATS runs but says it is not healthy: {fault}",
    ),
    NATS_AWAY.impact,
    Text(
        ar="حرّر مساحة على قرصه إن امتلأ، ثم أعد تشغيل NATS: لا يعود مخزنه إلى العمل دون ذلك.",
        fr="Libérez son disque s'il est plein, puis redémarrez NATS : son stockage ne reprend pas autrement.",
        en="Free its disk if it is full, then restart NATS: its store does not resume otherwise.",
    ),
)
SILENT = Advice(
    Text(ar="لا جواب من {process}.", fr="Pas de réponse de « {process} ».", en="No answer from {process}."),
    Text(ar="", fr="", en=""),  # by process: IMPACTS
    COMES_BACK,
)
NOT_READY = Advice(
    Text(
        ar="لم يكتمل استعداد {process}: في انتظار {waiting}.",
        fr="« {process} » n'est pas prêt : en attente de {waiting}.",
        en="{process} is not ready: it waits for {waiting}.",
    ),
    Text(ar="", fr="", en=""),
    Text(
        ar="إن بقي ذلك بعد دقيقة فاقرأ آخر سجل العملية. عند انتظار الترحيل: شغّل أمر migrate لهذه العملية.",
        fr="Si cela dure plus d'une minute, lisez la fin de son journal. En attente de migrations : lancez sa commande"
        " migrate.",
        en="If it lasts more than a minute, read the end of its log. Where it waits for migrations: run its migrate"
        " command.",
    ),
)
WORKER_FAILING = Advice(
    Text(
        ar="يتعطل عامل في {process} مرة بعد مرة: {worker}.",
        fr="Un travail de fond de « {process} » échoue sans cesse : {worker}.",
        en="A worker of {process} keeps failing: {worker}.",
    ),
    Text(
        ar="ما ينجزه متوقف وينتظر، ولا يضيع منه شيء؛ أما الطلبات فيُجاب عنها.",
        fr="Ce dont il est chargé n'avance plus et attend, sans que rien se perde ; les demandes sont servies.",
        en="What it does stands still and waits; nothing of it is lost, and requests are answered.",
    ),
    Text(
        ar="اقرأ في سجل العملية سطر worker_failed وما فيه من خطأ، وأبلغ به المطورين.",
        fr="Lisez la ligne worker_failed de son journal et l'erreur qu'elle porte, et signalez-la aux développeurs.",
        en="Read the line worker_failed of its log with the fault it carries, and report it to the developers.",
    ),
)
RESTARTED = Advice(
    Text(
        ar="أُعيد تشغيل {process}.",
        fr="« {process} » a redémarré.",
        en="{process} was restarted.",
    ),
    Text(
        ar="ما كان قيد التنفيذ استؤنف؛ وقد تكون بعض الطلبات رُفضت للحظات.",
        fr="Ce qui était en cours a repris ; quelques demandes ont pu être refusées un instant.",
        en="What was under way was taken up again; a few requests may have been refused for a moment.",
    ),
    Text(
        ar="لا شيء إن حدث مرة واحدة. إن تكرر فاقرأ نهاية سجله السابقة للتوقف.",
        fr="Rien, si c'est la seule fois. Si cela se répète, lisez son journal juste avant l'arrêt.",
        en="Nothing, if it happened once. If it repeats, read its log just before the stop.",
    ),
)
OLD_OUTBOX = Advice(
    Text(
        ar="أحداث {process} لا تغادر صندوق الصادر: {count} في الانتظار.",
        fr="Les événements de « {process} » ne partent pas : {count} en attente d'envoi.",
        en="Events of {process} do not leave its outbox: {count} waiting.",
    ),
    Text(
        ar="لا يعلم باقي الأطراف بالتغييرات منذ ذلك الوقت. لا يضيع شيء.",
        fr="Les autres ignorent les changements survenus depuis. Rien n'est perdu.",
        en="The others do not know of the changes made since. Nothing is lost.",
    ),
    Text(
        ar="تحقق من NATS أولًا، ثم ابحث عن relay في سجل العملية.",
        fr="Vérifiez d'abord NATS, puis cherchez « relay » dans le journal du processus.",
        en="Check NATS first, then look for “relay” in the log of the process.",
    ),
)
MISSING_PUBLISHED = Advice(
    Text(
        ar="أحداث من {process} مسجَّلة وغير موجودة في NATS: {count}.",
        fr="{count} événements de « {process} » sont enregistrés mais absents de NATS.",
        en="{count} events of {process} are recorded but not in NATS.",
    ),
    Text(
        ar="قد يكون مستقبلوها لم يعلموا بها. هي محفوظة في قاعدة البيانات.",
        fr="Leurs destinataires les ignorent peut-être. La base de données les conserve.",
        en="Their receivers may not know of them. The database keeps them.",
    ),
    Text(
        ar="تُنشر من جديد تلقائيًا حين يكون لـ NATS مخزن جديد. إن بقيت بعد دقيقة فأعد تشغيل العملية: تقارن سجلها بـ NATS عند بدئها.",
        fr="Ils sont republiés seuls quand NATS a un nouveau stockage. S'ils manquent encore après une minute, redémarrez le"
        " processus : il compare son registre à NATS en démarrant.",
        en="They are published again by themselves when NATS has a new store. Still missing after a minute: restart the"
        " process, it compares its record with NATS when it starts.",
    ),
)
STUCK = Advice(
    Text(
        ar="لم يُعالَج أي حدث لدى {process}: {count} في الانتظار.",
        fr="« {process} » ne traite plus d'événements : {count} en attente.",
        en="{process} handles no events: {count} waiting.",
    ),
    Text(
        ar="نتائجه متأخرة عما سُجّل. لا يضيع شيء.",
        fr="Ses résultats sont en retard sur ce qui est enregistré. Rien n'est perdu.",
        en="Its results are behind what is recorded. Nothing is lost.",
    ),
    Text(
        ar="آخر خطأ: {fault}. إن كان مصدر الأحداث متوقفًا فسيُستأنف وحده؛ وإلا فاقرأ آخر سجل العملية وأعد تشغيلها.",
        fr="Dernière faute : {fault}. Si la source des événements est arrêtée, il reprendra seul ; sinon lisez la fin de"
        " son journal et redémarrez-le.",
        en="Last fault: {fault}. If the owner of the events is away it resumes by itself; otherwise read the end of its"
        " log and restart it.",
    ),
)
MISSING_HANDLED = Advice(
    Text(
        ar="أحداث نُشرت ولم تصل إلى {process}: {count}.",
        fr="{count} événements publiés ne sont pas arrivés à « {process} ».",
        en="{count} published events did not arrive at {process}.",
    ),
    Text(
        ar="نتائجه ناقصة بقدر هذه الأحداث.",
        fr="Ses résultats ignorent ces événements.",
        en="Its results are without these events.",
    ),
    Text(
        ar="احذف مستهلك {id} في NATS ثم أعد تشغيل العملية: يُنشأ من جديد ويقرأ كل شيء، وما وصل من قبل لا يُحتسب مرتين.",
        fr="Supprimez le consommateur {id} dans NATS puis redémarrez le processus : il est recréé et relit tout ; ce qui est"
        " déjà arrivé ne compte pas deux fois.",
        en="Delete the consumer {id} in NATS, then restart the process: it is made again and reads everything; what has"
        " arrived already does not count twice.",
    ),
)
DEAD_LETTERS = Advice(
    Text(
        ar="أحداث تعذّرت معالجتها لدى {process}: {count}.",
        fr="{count} événements abandonnés par « {process} » après plusieurs essais.",
        en="{count} events given up by {process} after several tries.",
    ),
    Text(
        ar="آثار هذه الأحداث ناقصة حتى تُعاد معالجتها؛ وقد عولج ما بعدها.",
        fr="Leurs effets manquent jusqu'à leur reprise ; les suivants ont été traités.",
        en="Their effects are missing until they are redriven; later events were handled.",
    ),
    Text(
        ar="اعرض الأسباب بالأمر tekamoul dead-letters، وأصلح السبب، ثم أعد معالجتها بالخيار ‎--redrive.",
        fr="Affichez les raisons avec tekamoul dead-letters, corrigez la cause, puis relancez-les avec --redrive.",
        en="List the reasons with tekamoul dead-letters, mend the cause, then redrive them with --redrive.",
    ),
)
LONG_WORK = Advice(
    Text(
        ar="عمل طويل لدى {process}: {kind} ({count}).",
        fr="Travail long dans « {process} » : {kind} ({count}).",
        en="Long work in {process}: {kind} ({count}).",
    ),
    Text(
        ar="تنتظر المؤسسة التي أرسلت القائمة تقريرها.",
        fr="L'institution qui a envoyé la liste attend son rapport.",
        en="The institution that sent the list waits for its report.",
    ),
    Text(
        ar="قائمة كبيرة تأخذ وقتها. إن لم يتقدم العمل فاقرأ آخر سجل العملية.",
        fr="Une grande liste prend son temps. Si rien n'avance, lisez la fin du journal du processus.",
        en="A large list takes its time. If nothing moves, read the end of the process's log.",
    ),
)

IMPACTS: dict[str, Text] = {
    "gateway": Text(
        ar="لا تستطيع المؤسسات الاتصال بالمنصة. ما قُبل من قبل يُعالَج.",
        fr="Les institutions ne peuvent pas appeler la plateforme. Ce qui a été accepté continue d'être traité.",
        en="Institutions cannot call the platform. What was accepted before is still processed.",
    ),
    "registry": Text(
        ar="لا يمكن قراءة الأسر ولا تسجيلها، وتنتظر المطابقة. لا يضيع شيء مما قُبل.",
        fr="Les ménages ne peuvent être ni lus ni enregistrés, et le rapprochement attend. Rien d'accepté n'est perdu.",
        en="Households can be neither read nor recorded, and matching waits. Nothing accepted is lost.",
    ),
    "matching": Text(
        ar="تُسجَّل القوائم الجديدة ولا تُطابَق بعد؛ وتبقى الروابط والتداخلات على حالها الأخيرة.",
        fr="Les nouvelles listes sont enregistrées sans être rapprochées ; liens et chevauchements restent à leur"
        " dernier état.",
        en="New lists are recorded but not matched yet; links and overlaps stay as they last were.",
    ),
    "programs": Text(
        ar="لا تستطيع هذه المؤسسة إرسال قوائمها ولا قراءة تسجيلاتها. باقي المؤسسات غير متأثرة.",
        fr="Cette institution ne peut ni envoyer ses listes ni lire ses inscriptions. Les autres ne sont pas touchées.",
        en="This institution can neither send its lists nor read its enrollments. The others are not affected.",
    ),
}

WAITING_FOR: dict[str, Text] = {
    "database": Text(ar="قاعدة بياناته", fr="sa base de données", en="its database"),
    "migrations": Text(ar="ترحيل قاعدة البيانات", fr="ses migrations", en="its migrations"),
    "first load": Text(ar="التحميل الأول", fr="son premier chargement", en="its first load"),
    "nats": Text(ar="NATS", fr="NATS", en="NATS"),
}
# As /health/status of each process names them.
WORK_KINDS: dict[str, Text] = {
    "imports_waiting": Text(ar="استيراد القوائم", fr="import de listes", en="import of lists"),
    "exports_waiting": Text(ar="كتابة ملفات التصدير", fr="écriture d'exports", en="writing of exports"),
    "scorings_waiting": Text(ar="احتساب الدرجات", fr="calcul des scores", en="scoring of areas"),
    "cycles_issuing": Text(ar="إصدار الاستحقاقات", fr="émission des droits", en="issuing of entitlements"),
    "connections_failing": Text(
        ar="اتصالات متعطلة بأنظمة المؤسسات", fr="connexions en panne", en="connections that fail"
    ),
    "changes_to_index": Text(ar="إدراج الأسماء في البحث", fr="indexation des noms", en="indexing of names"),
    "members_to_index": Text(ar="قراءة أفراد السجل", fr="lecture du registre", en="reading of the registry"),
    "beneficiaries_pending": Text(
        ar="مطابقة المستفيدين", fr="appariement des bénéficiaires", en="matching of beneficiaries"
    ),
    "beneficiaries_to_rebuild": Text(
        ar="إعادة مقارنة المستفيدين", fr="reprise des comparaisons", en="rebuild of links"
    ),
    "projections_to_read": Text(
        ar="إعادة قراءة البيانات من أصحابها",
        fr="relecture des données chez leurs détenteurs",
        en="rebuild of projections from their owners",
    ),
    "rows_to_cluster": Text(ar="تجميع الأسطر", fr="regroupement de lignes", en="clustering of rows"),
    "feed_changes_out_of_order": Text(
        ar="تغييرات سبقت أوانها", fr="changements arrivés trop tôt", en="changes that came too early"
    ),
}
NO_FAULT = Text(ar="لا خطأ مسجَّل", fr="aucune", en="none recorded")

ALL_WELL = Text(
    ar="كل شيء يعمل: العمليات كلها جاهزة والأحداث تصل.",
    fr="Tout fonctionne : chaque processus est prêt et les événements arrivent.",
    en="All is well: every process is ready and events arrive.",
)
STALE = Text(
    ar="توقفت المراقبة: ما يلي صورة قديمة وقد لا يكون صحيحًا الآن.",
    fr="L'observation s'est arrêtée : ce qui suit est une image ancienne, peut-être fausse à présent.",
    en="Observation has stopped: what follows is an old picture and may no longer be true.",
)
NOTHING_SEEN = Text(
    ar="لا صورة بعد: البوابة في بداية التشغيل أو تنتظر PostgreSQL.",
    fr="Rien d'observé encore : la passerelle démarre, ou attend PostgreSQL.",
    en="Nothing observed yet: the gateway is starting, or waits for PostgreSQL.",
)
