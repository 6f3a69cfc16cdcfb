"""What people read for the words that programs use. Chinese is the source text; `api/locale` holds the English."""

from pipeline.domain.camera import ZONE_KIND_NAMES
from pipeline.domain.category import KIND_NAMES
from pipeline.domain.deadline import CLOCK_NAMES
from pipeline.domain.site import SITE_KIND_NAMES
from pipeline.domain.ticket import STATUS_NAMES
from pipeline.domain.verification import OPINION_NAMES


def N_(text: str) -> str:  # noqa: N802 - gettext's own name for "to be translated later"
    return text


OUTCOMES = {
    "seen": N_("已查看"),
    "unchanged": N_("无变化"),
    "unreachable": N_("无法连接"),
    "stale": N_("画面停滞"),
    "blinded": N_("画面受阻"),
    "moved": N_("视角偏移"),
    "never": N_("未查看"),
}
MODES = {"day": N_("白天"), "night": N_("夜间"), "infra_red": N_("红外")}
PASSES = {"fast": N_("快速"), "fine": N_("精细")}
SOURCE_KINDS = {"rtsp": N_("RTSP 视频流"), "http": N_("HTTP 快照"), "replay": N_("录像回放")}
FAULTS = {
    "corrupt": N_("图像损坏"),
    "bad_source": N_("来源地址有误"),
    "redirect": N_("地址被重定向"),
    "credentials": N_("凭据无法使用"),
    "unauthorised": N_("用户名或密码错误"),
    "timeout": N_("连接超时"),
    "silent": N_("没有画面传来"),
    "refused": N_("连接被拒绝"),
    "rejected": N_("请求被拒绝"),
    "closed": N_("连接被中断"),
    "broken_stream": N_("视频流损坏"),
    "server_error": N_("摄像头自身故障"),
    "unreachable": N_("网络不通"),
    "dns": N_("域名无法解析"),
    "tls": N_("证书不受信任"),
    "not_found": N_("地址不存在"),
    "too_large": N_("图像过大"),
    "unreadable": N_("文件无法读取"),
    "empty": N_("没有图像"),
    "paused": N_("连续失败，暂停尝试"),
    "unexpected": N_("意外错误"),
    "internal": N_("内部错误"),
}
HISTORY = {
    "filed_for_review": N_("巡查发现，提交复核"),
    "grown": N_("范围扩大"),
    "cleared": N_("现场已不见"),
    "seen_again": N_("再次出现"),
    "handed_over": N_("移交"),
    "refused": N_("退回派遣"),
    "recalled": N_("撤回派遣"),
    "joined": N_("加入联合处置"),
    "left": N_("退出联合处置"),
    "reported": N_("处置进展"),
    "resumed": N_("解除挂账"),
    "looked_again": N_("同视角复查"),
    "photographed": N_("上传照片"),
    "suppression_lifted": N_("抑制已解除"),
    "label_corrected": N_("标注已更正"),
}
ROLES = {
    "viewer": N_("查看员"),
    "reviewer": N_("复核员"),
    "dispatcher": N_("派遣员"),
    "handler": N_("处置员"),
    "admin": N_("管理员"),
}
AUDIT_ACTIONS = {
    "added": N_("新增"),
    "changed": N_("修改"),
    "removed": N_("删除"),
    "looked": N_("查看"),
    "logged_in": N_("登录"),
    "locked": N_("账号锁定"),
    "unlocked": N_("解除锁定"),
    "password_reset": N_("重置密码"),
    "password_changed": N_("修改密码"),
    "retired": N_("停止使用"),
    "restored": N_("恢复使用"),
    "ordered": N_("调整顺序"),
    "marked": N_("标定"),
    "zones_drawn": N_("画区域"),
    "masks_drawn": N_("画遮挡"),
    "thresholds_set": N_("设定阈值"),
    "reference_approved": N_("确认基准画面"),
    "repair_opened": N_("报修"),
    "repair_closed": N_("修复完成"),
    "first": N_("初次启用"),
    "promotion": N_("上线"),
    "rollback": N_("回退"),
    "refused": N_("加载失败，未启用"),
    "approved": N_("批准"),
    "rejected": N_("否决"),
    "started": N_("开始"),
    "stopped": N_("停止"),
    "forgotten": N_("移出数据集"),
}
AUDIT_SUBJECTS = {
    "person": N_("人员"),
    "token": N_("令牌"),
    "view": N_("视角"),
    "camera": N_("摄像头"),
    "plan": N_("巡查计划"),
    "rule": N_("派遣规则"),
    "reason": N_("驳回理由"),
    "calendar": N_("日历"),
    "deadline": N_("处置时限"),
    "known_answer": N_("已知答案"),
    "model": N_("模型"),
    "threshold": N_("阈值建议"),
    "shadow": N_("影子运行"),
}
AUDIT_FIELDS = {
    "role": N_("角色"),
    "unit": N_("责任单位"),
    "disabled": N_("停用"),
    "name": N_("名称"),
    "expires_at": N_("有效期至"),
    "failures": N_("输错次数"),
    "until": N_("锁定至"),
    "active": N_("启用"),
}
"""What stands in an entry's before and after; other names are shown as they are."""
FINDING_STATES = {
    "candidate": N_("观察中"),
    "open": N_("仍在现场"),
    "dismissed": N_("已驳回"),
    "cleared": N_("已消失"),
    "lapsed": N_("未成立"),
}
TEACHES = {"negative": N_("作为误报样本"), "positive": N_("作为正样本"), "nothing": N_("不作样本")}
SUPPRESSES = {
    "while_present": N_("在场期间抑制"),
    "until_date": N_("到期解除"),
    "never": N_("不抑制"),
}
ANSWERS = {"dismissed": N_("驳回"), "nothing": N_("此处无问题"), "missed": N_("有漏报")}
PROBLEMS = {
    401: N_("请先登录"),
    403: N_("无权进行此操作"),
    404: N_("没有找到"),
    405: N_("不支持此操作"),
    409: N_("当前状态不允许此操作"),
    422: N_("输入有误"),
    429: N_("尝试过于频繁，请稍后再试"),
    503: N_("服务暂不可用"),
    507: N_("磁盘已满"),
}
OTHER_PROBLEM = N_("出现问题")
SORTS = {
    "-created_at": N_("最新在前"),
    "created_at": N_("最早在前"),
    "-updated_at": N_("最近变动在前"),
    "updated_at": N_("最久未动在前"),
    "due_at": N_("时限最近在前"),
}
DUES = {"overdue": N_("已超时"), "soon": N_("即将超时")}
LIGHTS = {"green": N_("时限内"), "amber": N_("即将超时"), "red": N_("已超时"), "stopped": N_("停止计时")}
EVIDENCE = {"frame": N_("同视角新画面"), "sign_off": N_("人工签认")}
STANDINGS = {"champion": N_("在用"), "challenger": N_("待批准"), "archived": N_("已归档")}
PROMOTIONS = {"first": N_("初次启用"), "promotion": N_("上线"), "rollback": N_("回退")}
DECISIONS = {"waiting": N_("待决定"), "approved": N_("已批准"), "rejected": N_("已否决"), "outdated": N_("已过时")}
TRAINING_STATES = {
    "running": N_("进行中"), "done": N_("完成"), "failed": N_("失败"), "nothing_new": N_("没有新标注"),
}  # fmt: skip
TRAINING_STEPS = {
    "build": N_("冻结数据集"), "train": N_("训练"), "evaluate": N_("评测"), "propose": N_("提交批准"),
}  # fmt: skip
TRIGGERS = {"nightly": N_("夜间定时"), "labels": N_("标注数量达标"), "hand": N_("人工启动")}
GATE_RULES = {
    "ap50": N_("精度（AP50）"), "recall": N_("召回率"), "calibration": N_("置信度校准"), "speed": N_("速度"),
    "dismissed_alarms": N_("已判误报处的报警"), "category_lost": N_("类别缺失"),
}  # fmt: skip
ASKED_FOR = {"doubt": N_("拿不准"), "novelty": N_("没见过"), "shadow": N_("两个模型不一致")}
SIDES = {"champion": N_("仅在用模型"), "challenger": N_("仅新模型")}
SPLITS = {"train": N_("训练"), "val": N_("评测")}
SITE_KINDS = {kind.value: pair for kind, pair in SITE_KIND_NAMES.items()}

LISTS = {
    "outcome": OUTCOMES,
    "mode": MODES,
    "pass": PASSES,
    "source_kind": SOURCE_KINDS,
    "fault": FAULTS,
    "role": ROLES,
    "audit_action": AUDIT_ACTIONS,
    "audit_subject": AUDIT_SUBJECTS,
    "audit_field": AUDIT_FIELDS,
    "finding_state": FINDING_STATES,
    "teaches": TEACHES,
    "suppresses": SUPPRESSES,
    "answer": ANSWERS,
    "sort": SORTS,
    "due": DUES,
    "light": LIGHTS,
    "evidence": EVIDENCE,
    "standing": STANDINGS,
    "promotion": PROMOTIONS,
    "decision": DECISIONS,
    "training_state": TRAINING_STATES,
    "training_step": TRAINING_STEPS,
    "trigger": TRIGGERS,
    "gate_rule": GATE_RULES,
    "asked_for": ASKED_FOR,
    "side": SIDES,
    "split": SPLITS,
}
PAIRS = {
    "status": {status.value: pair for status, pair in STATUS_NAMES.items()},
    "kind": {kind.value: pair for kind, pair in KIND_NAMES.items()},
    "site_kind": SITE_KINDS,
    "zone_kind": {kind.value: pair for kind, pair in ZONE_KIND_NAMES.items()},
    "clock": {clock.value: pair for clock, pair in CLOCK_NAMES.items()},
    "opinion": {opinion.value: pair for opinion, pair in OPINION_NAMES.items()},
}
"""Words whose two languages stand in the domain."""
