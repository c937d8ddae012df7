import {FeedCore} from './src/feed/index.ts';
import {LineCore} from './src/line/line-core.ts';
import {bare, everything, explore, headless, runSchedule} from './tests/simulator/schedule.ts';
const seed=Number(process.argv[2]); const quiet=Number(process.argv[3]??10000); const lh=process.argv[4]==='h';
const profile=lh?headless:process.argv[4]==='b'?bare:everything;const show=(x:any)=>JSON.stringify(x,(k,v)=>k==='event'?`${v.offset}<${v.prev}@${v.cell}`:k==='events'?v.map((e:any)=>`${e.offset}<${e.prev}@${e.cell}`):(k==='cells'&&Array.isArray(v)&&v.length>3)?v.length+' cells':(k==='filters'||k==='codes')?v.length:v);
class F extends FeedCore { override step(i:any,n:number){ const e=super.step(i,n); if(i.type!=='tick'||e.length) console.log(Math.round(n),'F',show(i),'=>',show(e)); return e; } }
class L extends LineCore { override step(i:any,n:number){ const e=super.step(i,n); if(i.type!=='tick'||e.length) console.log(Math.round(n),'L',show(i),'=>',show(e)); return e; } }
if (seed) console.log(JSON.stringify(runSchedule({FeedCore:F as any,LineCore:L as any},seed,profile)));
else { const t=performance.now(); const r=explore({FeedCore,LineCore},Number(process.argv[5]??1),profile,{schedules:3000,budget_ms:30000}); console.log(performance.now()-t,JSON.stringify(r)); }
